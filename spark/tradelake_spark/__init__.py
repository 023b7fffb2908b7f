"""tradelake's tables in Spark: the same candles as the program makes, to the last digit."""
