// The chart: candles above, volume below. Takes candles as the server gives them, makes numbers of
// their decimals, and keeps the library's rule that times only grow.

import { CandlestickSeries, createChart, HistogramSeries } from './lightweight-charts.js';
import { compact, decimalsOf, shortZeros } from './format.js';

const timeOf = (candle) => candle.open_time / 1000;
const same = (a, b) => a.trades === b.trades && a.revision === b.revision && a.closed === b.closed && a.close === b.close && a.gap === b.gap;

const volumeLabel = (value) => (value <= 0 ? '0' : compact(String(Number(value.toPrecision(4)))));

const bar = (candle) => ({
  time: timeOf(candle), open: Number(candle.open), high: Number(candle.high), low: Number(candle.low), close: Number(candle.close),
});

export class Chart {
  #chart;
  #candles;
  #volume;
  #rows = [];  // ascending
  #colors;
  #decimals = -1;
  #hovered = null;

  // `onLegend(candle, previous)`: the candle under the pointer, else the last. `onOlder()`: the left end
  // is in sight.
  constructor(container, onLegend, onOlder) {
    this.#chart = createChart(container, {
      autoSize: true,
      layout: { attributionLogo: true, fontFamily: getComputedStyle(document.body).fontFamily },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 0.5 },
      localization: { locale: 'en-GB' },
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, {});
    this.#volume = this.#chart.addSeries(HistogramSeries, {
      priceFormat: { type: 'custom', minMove: 1e-8, formatter: volumeLabel }, priceLineVisible: false,
    }, 1);
    const [above, below] = this.#chart.panes();
    above.setStretchFactor(4);
    below.setStretchFactor(1);
    this.onLegend = onLegend;
    this.#chart.subscribeCrosshairMove(({ time }) => {
      this.#hovered = time ?? null;
      this.#legend();
    });
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < 10 && this.#rows.length > 0) onOlder();
    });
    this.applyTheme();
  }

  get first() { return this.#rows[0]; }
  get last() { return this.#rows.at(-1); }
  get length() { return this.#rows.length; }
  get decimals() { return Math.max(0, this.#decimals); }
  bars() { return this.#candles.data(); }

  applyTheme() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    this.#colors = { up: color('--up'), down: color('--down') };
    const { up, down } = this.#colors;
    const line = color('--line');
    this.#chart.applyOptions({
      layout: { background: { type: 'solid', color: color('--bg') }, textColor: color('--dim'), panes: { separatorColor: line } },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      timeScale: { borderColor: line },
      rightPriceScale: { borderColor: line },
    });
    this.#candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false });
    if (this.#rows.length > 0) this.#volume.setData(this.#rows.map((candle) => this.#volumeBar(candle)));
  }

  // All candles of another market or interval.
  show(candles) {
    this.#decimals = -1;
    this.#hovered = null;
    this.#set(candles);
    // A handful of candles fills more than a corner.
    const width = this.#chart.timeScale().width();
    this.#chart.timeScale().applyOptions({ barSpacing: Math.max(6, Math.min(20, width / (candles.length + 8))) });
    this.#chart.timeScale().resetTimeScale();
    this.#chart.priceScale('right').applyOptions({ autoScale: true });
  }

  prepend(candles) {
    this.#set([...candles.filter((candle) => candle.open_time < this.#rows[0].open_time), ...this.#rows]);
  }

  // The newest candles again. False: they may not reach back to what is shown, so all have to be loaded.
  merge(candles) {
    if (candles.length === 0) return true;
    if (this.#rows.length === 0 || candles[0].open_time > this.last.open_time) return false;
    let insert = false;
    for (const candle of candles) {
      const last = this.#rows.at(-1);
      if (candle.open_time > last.open_time) {
        this.#rows.push(candle);
        this.#update(candle, false);
        continue;
      }
      const at = this.#rows.findLastIndex((row) => row.open_time <= candle.open_time);
      if (at < 0) continue;
      if (this.#rows[at].open_time !== candle.open_time) {
        this.#rows.splice(at + 1, 0, candle);
        insert = true;
      } else if (!same(this.#rows[at], candle)) {
        this.#rows[at] = candle;
        this.#update(candle, candle.open_time < last.open_time);
      }
    }
    if (insert) this.#set(this.#rows);
    this.#legend();
    return true;
  }

  #set(candles) {
    this.#rows = candles;
    this.#fitDecimals(candles);
    this.#candles.setData(candles.map(bar));
    this.#volume.setData(candles.map((candle) => this.#volumeBar(candle)));
    this.#legend();
  }

  #update(candle, historical) {
    this.#fitDecimals([candle]);
    this.#candles.update(bar(candle), historical);
    this.#volume.update(this.#volumeBar(candle), historical);
  }

  #volumeBar(candle) {
    if (candle.volume === null) return { time: timeOf(candle) };
    const { up, down } = this.#colors;
    const rising = Number(candle.close) >= Number(candle.open);
    return { time: timeOf(candle), value: Number(candle.volume), color: `${rising ? up : down}99` };
  }

  // As many decimals as the prices have: an axis of 0.00 says nothing about a coin at 1e-12.
  #fitDecimals(candles) {
    let most = this.#decimals;
    for (const { open, high, low, close } of candles) {
      for (const price of [open, high, low, close]) most = Math.max(most, decimalsOf(price));
    }
    if (most === this.#decimals) return;
    this.#decimals = most;
    this.#candles.applyOptions({
      priceFormat: { type: 'custom', minMove: 10 ** -most, formatter: (price) => shortZeros(price.toFixed(most)) },
    });
  }

  #legend() {
    let at = this.#rows.length - 1;
    if (this.#hovered !== null) {
      const hovered = this.#rows.findIndex((row) => timeOf(row) === this.#hovered);
      if (hovered >= 0) at = hovered;
    }
    this.onLegend(this.#rows[at], this.#rows[at - 1]);
  }
}
