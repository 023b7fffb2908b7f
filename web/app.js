// The page: one market, one interval, and loops that keep what is shown up to date.

import { ApiError, get } from './api.js';
import { Chart } from './chart.js';
import { ago, clock, compact, element, grouped, shortZeros, withDecimals } from './format.js';
import { Picker } from './picker.js';

const intervals = ['1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '12h', '1d', '1w', '1M'];
const firstCandles = 500;
const olderCandles = 1000;
const candlesKept = 20_000;
const newestCandles = 3;      // asked for at each tick
const revisableCandles = 15;  // asked for now and then: late trades correct candles that are in grace
const tapeLength = 40;
const quietMs = 15_000;       // a live source without frames for so long is told of

const byId = (id) => document.getElementById(id);
const state = { category: '', symbol: '', interval: '1m', epoch: 0, loaded: false, failed: false, loadingOlder: false, reachedStart: false };
let abort = new AbortController();
let candleTicks = 0;
let offlineSince = null;
let status = null;
let rates = [];

// ---- which market

function fromHash() {
  let hash = '';
  try {
    hash = decodeURI(location.hash);
  } catch {
    return null;  // not ours
  }
  const match = /^#(spot|linear|inverse|option):([^/]{1,128})\/(\w+)$/.exec(hash);
  return match && intervals.includes(match[3]) ? { category: match[1], symbol: match[2], interval: match[3] } : null;
}

function select(category, symbol, interval = state.interval) {
  Object.assign(state, { category, symbol, interval, epoch: state.epoch + 1, loaded: false, failed: false, loadingOlder: false, reachedStart: false });
  abort.abort(new DOMException('another market', 'AbortError'));
  abort = new AbortController();
  history.replaceState(null, '', encodeURI(`#${category}:${symbol}/${interval}`));
  picker.current = `${category}:${symbol}`;
  for (const button of byId('intervals').children) {
    button.setAttribute('aria-pressed', String(button.textContent === interval));
  }
  byId('trades').replaceChildren();
  load();
  tape.now();
}

async function ask(path, parameters, signal) {
  const answer = await get(path, parameters, signal);
  answered();
  return answer;
}

const market = () => ({ category: state.category, symbol: state.symbol });
const candlesOfMarket = (limit, more = {}) =>
  ask('/v1/candles', { ...market(), interval: state.interval, limit, ...more }, abort.signal);

// ---- what is over the chart instead of candles

function overlay(kind, title, text = '') {
  const box = byId('overlay');
  box.hidden = kind === 'none';
  box.dataset.kind = kind;
  const parts = [];
  if (kind === 'loading') parts.push(element('div', { class: 'spinner' }));
  parts.push(element('strong', {}, title), element('p', {}, text));
  if (kind === 'error') {
    const again = element('button', { type: 'button' }, 'Try again');
    again.addEventListener('click', () => (state.symbol ? load() : marketLoop.now()));
    parts.push(again);
  }
  box.replaceChildren(...(kind === 'none' ? [] : parts));
}

function showLegend(candle, previous) {
  if (!candle) return byId('legend').replaceChildren();
  const { decimals } = chart;
  const base = Number(previous?.close ?? candle.open);
  const change = ((Number(candle.close) - base) / base) * 100;
  const direction = Number(candle.close) >= Number(candle.open) ? 'up' : 'down';
  const value = (label, text, title) =>
    element('span', { title }, element('span', { class: 'label' }, label), element('span', { class: direction, 'data-of': label }, text));
  const price = (text) => shortZeros(withDecimals(text, decimals));
  const parts = [
    element('b', {}, `${state.symbol}`), element('span', { class: 'tag' }, `${state.category} · ${state.interval}`),
    value('O', price(candle.open), candle.open), value('H', price(candle.high), candle.high),
    value('L', price(candle.low), candle.low), value('C', price(candle.close), candle.close),
    element('span', { class: direction }, `${change >= 0 ? '+' : ''}${change.toFixed(2)}%`),
    value('Vol', compact(candle.volume), candle.volume ?? 'the sum left decimal(38,18)'),
  ];
  if (candle.revision > 0) {
    parts.push(element('span', { class: 'tag', title: 'corrected by trades that came after it was written' }, `revision ${candle.revision}`));
  }
  if (candle.gap) parts.push(element('span', { class: 'tag', title: 'the market was not received for all of it' }, 'gap'));
  byId('legend').replaceChildren(...parts);
}

// ---- candles

async function load() {
  overlay('loading', `Loading ${state.symbol}`);
  await loadQuietly();
}

async function loadQuietly() {
  const epoch = state.epoch;
  state.failed = false;
  try {
    const { candles } = await candlesOfMarket(firstCandles);
    if (epoch !== state.epoch) return;
    chart.show(candles);
    state.loaded = true;
    state.reachedStart = candles.length < firstCandles;
    if (candles.length > 0) overlay('none');
    else overlay('empty', 'No candles yet', `Nothing of ${state.category}:${state.symbol} is in the lake. This fills by itself.`);
  } catch (error) {
    if (epoch !== state.epoch || error.name === 'AbortError') return;
    failed(error);
    state.failed = true;
    overlay('error', 'The candles cannot be loaded', error.message);
  }
}

async function loadOlder() {
  if (!state.loaded || state.loadingOlder || state.reachedStart || chart.length >= candlesKept) return;
  const epoch = state.epoch;
  state.loadingOlder = true;
  try {
    const { candles } = await candlesOfMarket(olderCandles, { end: chart.first.open_time });
    if (epoch !== state.epoch) return;
    state.reachedStart = candles.length === 0;
    if (candles.length > 0) chart.prepend(candles);
  } catch (error) {
    if (error.name !== 'AbortError') failed(error);
  } finally {
    if (epoch === state.epoch) state.loadingOlder = false;
  }
}

async function tickCandles() {
  if (!state.symbol) return;
  // Whatever the reason, the next attempt may succeed; without the spinner, which would flicker at each.
  if (!state.loaded) return state.failed ? loadQuietly() : undefined;
  const epoch = state.epoch;
  const { candles } = await candlesOfMarket(candleTicks++ % 10 === 0 ? revisableCandles : newestCandles);
  if (epoch !== state.epoch) return;
  if (!chart.merge(candles)) await load();
}

// ---- trades

async function tickTape() {
  if (!state.symbol) return;
  const epoch = state.epoch;
  const { trades } = await ask('/v1/trades', { ...market(), limit: tapeLength }, abort.signal);
  if (epoch !== state.epoch) return;
  byId('no-trades').hidden = trades.length > 0;
  byId('no-trades').textContent = 'No trades yet';
  byId('trades').replaceChildren(...trades.map((trade) =>
    element('tr', { title: `${trade.side} ${trade.size} at ${trade.price}, ${new Date(trade.trade_time).toISOString()}, id ${trade.trade_id}` },
      element('td', { class: trade.side === 'Buy' ? 'up' : 'down' }, shortZeros(withDecimals(trade.price, chart.decimals))),
      element('td', {}, compact(trade.size)), element('td', {}, clock(trade.trade_time)))));
}

// ---- markets and status

async function tickMarkets() {
  const { markets } = await ask('/v1/markets');
  picker.markets = markets;
  if (state.symbol) return;
  if (markets.length === 0) {
    const source = status ? ` from ${status.source.name} (${status.source.state})` : '';
    overlay('empty', 'No trades yet', `Waiting for the first one${source}. This fills by itself.`);
    return;
  }
  const busiest = markets.reduce((a, b) => (b.trades > a.trades ? b : a));
  select(busiest.category, busiest.symbol);
}

function tradesPerSecond() {
  const seen = status.bronze.in + status.bronze.uncommitted_rows;
  rates.push([status.time, seen]);
  rates = rates.filter(([time, count]) => status.time - time <= 10_000 && count <= seen);
  const [time, count] = rates[0];
  return status.time > time ? ((seen - count) * 1000) / (status.time - time) : null;
}

async function tickStatus() {
  status = await ask('/v1/status');
  showNotice();
  const { source, bronze } = status;
  const rate = tradesPerSecond();
  const total = bronze.total_rows === null ? null : bronze.total_rows + bronze.uncommitted_rows;
  const reasons = Object.entries(bronze.dead_letters_by_reason).map(([reason, count]) => `${reason} ${count}`).join(', ');
  const good = source.state === 'live' || source.state === 'replaying' || source.state === 'ended';
  const line = (name, text, more = {}) => element('div', {}, element('dt', {}, name), element('dd', more, text));
  byId('status').replaceChildren(
    line('source', `${source.name} · ${source.state}`, { class: `dot ${good ? 'good' : 'bad'}` }),
    line('trades/s', rate === null ? '–' : rate < 10 ? rate.toFixed(1) : grouped(Math.round(rate))),
    line('last commit', bronze.last_commit === null ? 'none yet' : ago(status.time - bronze.last_commit)),
    line('rows', grouped(total)),
    line('dead letters', grouped(bronze.dead_letters), { title: reasons }),
    ...(source.dropped_frames > 0 ? [line('dropped frames', grouped(source.dropped_frames), { class: 'alarm' })] : []),
    ...(bronze.lag_records > 1000 ? [line('behind', `${grouped(bronze.lag_records)} frames`)] : []));
}

// One line above everything when what is shown may be old.
function showNotice() {
  let text = '';
  if (offlineSince !== null) {
    text = `The server does not answer since ${clock(offlineSince)} UTC. What you see may be old; trying again.`;
  } else if (status) {
    const { source, time } = status;
    const quiet = source.last_frame === null ? null : time - source.last_frame;
    if (source.state === 'reconnecting') text = 'The connection to the exchange is lost; the program is reconnecting. What you see may be old.';
    else if (source.state === 'live' && quiet > quietMs) text = `Nothing from the exchange: the last frame came ${ago(quiet)}. What you see may be old.`;
    else if (source.state === 'ended') text = 'The replay has ended: these are its trades, not the present.';
  }
  document.body.classList.toggle('offline', offlineSince !== null);
  const box = byId('notice');
  if (box.textContent !== text) box.textContent = text;
  box.hidden = text === '';
}

function answered() {
  offlineSince = null;
  showNotice();
}

function failed(error) {
  if (error instanceof ApiError && error.offline) offlineSince ??= Date.now();
  showNotice();
}

// ---- loops

// Runs the work again and again, `everyMs` after it ended; at once when the page is looked at again.
function loop(work, everyMs) {
  let timer = null;
  let running = false;
  const run = async () => {
    if (running) return;
    running = true;
    clearTimeout(timer);
    try {
      await work();
    } catch (error) {
      if (error.name !== 'AbortError') failed(error);
      if (!(error instanceof ApiError) && error.name !== 'AbortError') console.error(error);
    }
    running = false;
    timer = setTimeout(run, document.hidden ? 10 * everyMs : everyMs);
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) run();
  });
  return { now: run };
}

// ---- theme

const theme = {
  preferred: matchMedia('(prefers-color-scheme: dark)'),
  apply(name) {
    document.documentElement.dataset.theme = name;
    byId('theme').textContent = name === 'dark' ? '☀' : '☾';
  },
  chosen: () => localStorage.getItem('theme'),
  now() {
    return this.chosen() ?? (this.preferred.matches ? 'dark' : 'light');
  },
};
theme.apply(theme.now());
theme.preferred.addEventListener('change', () => {
  theme.apply(theme.now());
  chart.applyTheme();
});
byId('theme').addEventListener('click', () => {
  localStorage.setItem('theme', theme.now() === 'dark' ? 'light' : 'dark');
  theme.apply(theme.now());
  chart.applyTheme();
});

// ---- start

const chart = new Chart(byId('chart'), showLegend, loadOlder);
const picker = new Picker((category, symbol) => select(category, symbol));
byId('intervals').append(...intervals.map((name) => {
  const button = element('button', { type: 'button', 'aria-pressed': String(name === state.interval) }, name);
  button.addEventListener('click', () => state.symbol && select(state.category, state.symbol, name));
  return button;
}));

overlay('loading', 'Loading');
const tape = loop(tickTape, 900);
const asked = fromHash();
if (asked) select(asked.category, asked.symbol, asked.interval);
loop(tickStatus, 1000).now();
const marketLoop = loop(tickMarkets, 4000);
marketLoop.now();
loop(tickCandles, 600).now();
tape.now();
window.addEventListener('hashchange', () => {
  const to = fromHash();
  if (to) select(to.category, to.symbol, to.interval);
});

// For the console and the tests.
window.tradelake = { bars: () => chart.bars(), state };
