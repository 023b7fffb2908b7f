-- Candles from bronze.trades less the late ones, to the digit as tradelake makes them: Spark.
-- docs/tables.md, "Candles in SQL", says how the tables get these names and what each step is for.

-- Parameters: length of a candle in seconds (60, 300, 3600, 14400, 86400, or any other), and trades of [from_time, to_time), UTC.
DECLARE OR REPLACE VARIABLE step_seconds BIGINT DEFAULT 60;
DECLARE OR REPLACE VARIABLE from_time TIMESTAMP_NTZ DEFAULT TIMESTAMP_NTZ '2009-01-01 00:00:00';
DECLARE OR REPLACE VARIABLE to_time TIMESTAMP_NTZ DEFAULT TIMESTAMP_NTZ '2100-01-01 00:00:00';

WITH
  on_time AS (
    SELECT
      category, symbol, category = 'inverse' AS inverse, side = 'Buy' AS buy, price, size, trade_time,
      CAST(CAST(trade_time - TIMESTAMP_NTZ '1970-01-01 00:00:00' AS INTERVAL SECOND) AS DECIMAL(18, 6)) div step_seconds AS step,
      struct(trade_time, coalesce(seq, 0), side, CASE WHEN side = 'Buy' THEN price ELSE -price END, trade_id) AS place,
      CAST(floor(price) AS BIGINT) AS pw, CAST(CAST(price % 1 AS DECIMAL(18, 18)) * 1000000000000000000 AS BIGINT) AS pu,
      CAST(floor(size) AS BIGINT) AS sw, CAST(CAST(size % 1 AS DECIMAL(18, 18)) * 1000000000000000000 AS BIGINT) AS su
    FROM bronze.trades LEFT ANTI JOIN silver.late_trades
      USING (category, symbol, trade_id, _topic, _topic_partition, _offset, _index)
    WHERE trade_time >= from_time AND trade_time < to_time
  ),
  products AS (
    -- Long multiplication in digits of base 10^9. c0 counts units of 10^-36, c1 of 10^-27, c2 of 10^-18, c3 of 10^-9.
    SELECT *,
      pu % 1000000000 AS p0, pu div 1000000000 AS p1, pw % 1000000000 AS p2, pw div 1000000000 AS p3,
      su % 1000000000 AS s0, su div 1000000000 AS s1, sw % 1000000000 AS s2, sw div 1000000000 AS s3,
      p0 * s0 AS c0, p0 * s1 + p1 * s0 AS c1,
      p0 * s2 + p1 * s1 + p2 * s0 + (c1 + (c0 + 500000000000000000) div 1000000000) div 1000000000 AS c2,
      p0 * s3 + p1 * s2 + p2 * s1 + p3 * s0 + c2 div 1000000000 AS c3,
      CAST(pw AS DECIMAL(16, 0)) * CAST(sw AS DECIMAL(16, 0)) + (p1 * s3 + p3 * s1 + c3 div 1000000000) AS product,
      c3 % 1000000000 * 1000000000 + c2 % 1000000000 AS product_units
    FROM on_time
  ),
  quotients AS (
    -- Long division, four decimals at a time; null where it is not asked for.
    SELECT *,
      CASE WHEN inverse THEN CAST(pw * CAST(1000000000000000000 AS DECIMAL(19, 0)) + pu AS DECIMAL(34, 0)) END AS p,
      CASE WHEN inverse THEN CAST(sw * CAST(1000000000000000000 AS DECIMAL(19, 0)) + su AS DECIMAL(34, 0)) END AS s,
      s % p AS r0, r0 * 10000 % p AS r1, r1 * 10000 % p AS r2, r2 * 10000 % p AS r3, r3 * 10000 % p AS r4,
      CASE WHEN s >= least(p, 100000000000000) * 100000000000000000000 THEN 100000000000000000000
        ELSE CAST(s div (p * 100) AS DECIMAL(18, 0)) * 100 + s % (p * 100) div p END AS quotient,
      (r0 * 10000 div p) * 100000000000000 + (r1 * 10000 div p) * 10000000000 + (r2 * 10000 div p) * 1000000
        + (r3 * 10000 div p) * 100 + (r4 * 200 + p) div (2 * p) AS quotient_units
    FROM products
  ),
  amounts AS (
    SELECT *, CAST(coalesce(quotient, product) AS DECIMAL(21, 0)) AS whole,
      CAST(coalesce(quotient_units, product_units) AS DECIMAL(19, 0)) AS units
    FROM quotients
  ),
  candles AS (
    SELECT
      category, symbol, TIMESTAMP_NTZ '1970-01-01 00:00:00' + make_dt_interval(0, 0, 0, step * step_seconds) AS open_time,
      min_by(price, place) AS open, max(price) AS high, min(price) AS low, max_by(price, place) AS close,
      try_sum(size) AS volume, sum(whole) AS whole, sum(units) AS units, count(*) AS trades,
      try_sum(CASE WHEN buy THEN size ELSE 0 END) AS buy_volume,
      sum(CASE WHEN buy THEN whole ELSE 0 END) AS buy_whole, sum(CASE WHEN buy THEN units ELSE 0 END) AS buy_units,
      min(trade_time) AS first_trade_time, max(trade_time) AS last_trade_time
    FROM amounts
    GROUP BY category, symbol, step
  )
SELECT
  category, symbol, open_time, open, high, low, close, volume,
  -- A whole part and units of 10^-18, written as one number: null if it leaves decimal(38,18).
  try_cast(concat(whole + units div 1000000000000000000, '.', lpad(units % 1000000000000000000, 18, '0'))
    AS DECIMAL(38, 18)) AS turnover,
  trades, buy_volume,
  try_cast(concat(buy_whole + buy_units div 1000000000000000000, '.', lpad(buy_units % 1000000000000000000, 18, '0'))
    AS DECIMAL(38, 18)) AS buy_turnover,
  first_trade_time, last_trade_time
FROM candles
ORDER BY category, symbol, open_time;
