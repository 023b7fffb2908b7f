-- Candles from bronze.trades less the late ones, to the digit as tradelake makes them: ClickHouse and chDB.
-- docs/tables.md, "Candles in SQL", says how the tables get these names and what each step is for.

-- Parameters: length of a candle in seconds (60, 300, 3600, 14400, 86400, or any other), and trades of [from_time, to_time), UTC.
SET param_step_seconds = 60;
SET param_from_time = '2009-01-01 00:00:00';
SET param_to_time = '2100-01-01 00:00:00';

WITH
  toInt256('1000000000000000000') AS one,               -- 1, counted in units of 10^-18
  toInt256('99999999999999999999999999999999999999') AS greatest,  -- of decimal(38,18), in units
  on_time AS (
    SELECT
      t.category, t.symbol, t.side = 'Buy' AS buy, t.price, t.trade_time,
      intDiv(toUnixTimestamp64Micro(t.trade_time), 1000000 * {step_seconds:Int64}) AS step,
      (t.trade_time, ifNull(t.seq, 0), NOT buy, if(buy, t.price, -t.price), t.trade_id) AS place,
      toInt256(toDecimal256(t.price, 18) * toDecimal256(one, 0)) AS p,
      toInt256(toDecimal256(t.size, 18) * toDecimal256(one, 0)) AS s
    FROM bronze.trades AS t
    LEFT ANTI JOIN silver.late_trades AS l
      ON t.category = l.category AND t.symbol = l.symbol AND t.trade_id = l.trade_id
      AND t._topic = l._topic AND t._topic_partition = l._topic_partition AND t._offset = l._offset AND t._index = l._index
    WHERE t.trade_time >= {from_time:DateTime64(6, 'UTC')} AND t.trade_time < {to_time:DateTime64(6, 'UTC')}
  ),
  amounts AS (
    SELECT *, if(category = 'inverse', intDiv(2 * s * one + p, 2 * p), intDiv(2 * p * s + one, 2 * one)) AS amount
    FROM on_time
  ),
  sums AS (
    SELECT
      category, symbol, step,
      argMin(price, place) AS open_price, max(price) AS high_price, min(price) AS low_price, argMax(price, place) AS close_price,
      sum(s) AS volume_units, sum(amount) AS turnover_units,
      sum(if(buy, s, 0)) AS buy_volume_units, sum(if(buy, amount, 0)) AS buy_turnover_units,
      count() AS n, min(trade_time) AS first_time, max(trade_time) AS last_time
    FROM amounts
    GROUP BY category, symbol, step
  ),
  (units -> if(units > greatest, NULL, toDecimal128(toDecimal256(units, 0) * toDecimal256('0.000000000000000001', 18), 18))) AS fitting
SELECT
  category, symbol, fromUnixTimestamp64Micro(step * 1000000 * {step_seconds:Int64}, 'UTC') AS open_time,
  open_price AS open, high_price AS high, low_price AS low, close_price AS close,
  fitting(volume_units) AS volume, fitting(turnover_units) AS turnover, toInt64(n) AS trades,
  fitting(buy_volume_units) AS buy_volume, fitting(buy_turnover_units) AS buy_turnover,
  toTimeZone(first_time, 'UTC') AS first_trade_time, toTimeZone(last_time, 'UTC') AS last_trade_time
FROM sums
ORDER BY category, symbol, open_time;
