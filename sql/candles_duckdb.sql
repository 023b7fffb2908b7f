-- Candles from bronze.trades less the late ones, to the digit as tradelake makes them: DuckDB.
-- docs/tables.md, "Candles in SQL", says how the tables get these names and what each step is for.

-- Parameters: length of a candle in seconds (60, 300, 3600, 14400, 86400, or any other), and trades of [from_time, to_time), UTC.
SET VARIABLE step_seconds = 60;
SET VARIABLE from_time = TIMESTAMP '2009-01-01 00:00:00';
SET VARIABLE to_time = TIMESTAMP '2100-01-01 00:00:00';

-- An amount, or a sum of amounts, is a whole part and units of 10^-18; null if it leaves decimal(38,18).
CREATE OR REPLACE TEMP MACRO fitting(whole, units) AS
  CASE WHEN whole + units // 1000000000000000000 < 100000000000000000000
    THEN (whole + units // 1000000000000000000)::DECIMAL(38, 18)
      + ((units % 1000000000000000000)::DECIMAL(18, 0) * 0.000000000000000001)::DECIMAL(38, 18) END;

WITH
  on_time AS (
    SELECT
      category, symbol, category = 'inverse' AS inverse, side = 'Buy' AS buy, price, trade_time,
      epoch_us(trade_time) // (1000000 * getvariable('step_seconds')::BIGINT) AS step,
      row(trade_time, coalesce(seq, 0), side, CASE WHEN side = 'Buy' THEN price ELSE -price END, trade_id) AS place,
      trunc(price)::BIGINT AS pw, ((price % 1)::DECIMAL(19, 18) * 1000000000000000000)::BIGINT AS pu,
      trunc(size)::BIGINT AS sw, ((size % 1)::DECIMAL(19, 18) * 1000000000000000000)::BIGINT AS su
    FROM bronze.trades ANTI JOIN silver.late_trades
      USING (category, symbol, trade_id, _topic, _topic_partition, _offset, _index)
    WHERE trade_time >= getvariable('from_time') AND trade_time < getvariable('to_time')
  ),
  products AS (
    -- Long multiplication in digits of base 10^9. c0 counts units of 10^-36, c1 of 10^-27, c2 of 10^-18, c3 of 10^-9.
    SELECT *,
      pu % 1000000000 AS p0, pu // 1000000000 AS p1, pw % 1000000000 AS p2, pw // 1000000000 AS p3,
      su % 1000000000 AS s0, su // 1000000000 AS s1, sw % 1000000000 AS s2, sw // 1000000000 AS s3,
      p0 * s0 AS c0, p0 * s1 + p1 * s0 AS c1,
      p0 * s2 + p1 * s1 + p2 * s0 + (c1 + (c0 + 500000000000000000) // 1000000000) // 1000000000 AS c2,
      p0 * s3 + p1 * s2 + p2 * s1 + p3 * s0 + c2 // 1000000000 AS c3,
      pw::HUGEINT * sw + p1 * s3 + p3 * s1 + c3 // 1000000000 AS product,
      c3 % 1000000000 * 1000000000 + c2 % 1000000000 AS product_units
    FROM on_time
  ),
  quotients AS (
    -- Long division, four decimals at a time; null where it is not asked for.
    SELECT *,
      CASE WHEN inverse THEN pw * 1000000000000000000::HUGEINT + pu END AS p,
      CASE WHEN inverse THEN sw * 1000000000000000000::HUGEINT + su END AS s,
      s % p AS r0, r0 * 10000 % p AS r1, r1 * 10000 % p AS r2, r2 * 10000 % p AS r3, r3 * 10000 % p AS r4,
      CASE WHEN inverse THEN least(s // p, 100000000000000000000) END AS quotient,
      (r0 * 10000 // p) * 100000000000000 + (r1 * 10000 // p) * 10000000000 + (r2 * 10000 // p) * 1000000
        + (r3 * 10000 // p) * 100 + (r4 * 200 + p) // (2 * p) AS quotient_units
    FROM products
  ),
  amounts AS (
    SELECT *, coalesce(quotient, product) AS whole, coalesce(quotient_units, product_units) AS units FROM quotients
  )
SELECT
  category, symbol, make_timestamp(step * 1000000 * getvariable('step_seconds')::BIGINT) AS open_time,
  arg_min(price, place) AS open, max(price) AS high, min(price) AS low, arg_max(price, place) AS close,
  fitting(sum(sw), sum(su)) AS volume, fitting(sum(whole), sum(units)) AS turnover, count(*) AS trades,
  fitting(sum(CASE WHEN buy THEN sw ELSE 0 END), sum(CASE WHEN buy THEN su ELSE 0 END)) AS buy_volume,
  fitting(sum(CASE WHEN buy THEN whole ELSE 0 END), sum(CASE WHEN buy THEN units ELSE 0 END)) AS buy_turnover,
  min(trade_time) AS first_trade_time, max(trade_time) AS last_trade_time
FROM amounts
GROUP BY category, symbol, step
ORDER BY category, symbol, open_time;
