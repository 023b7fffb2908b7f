// Text for people. Exact decimals stay text; only the chart and the sizes of things become numbers.

const subscripts = '₀₁₂₃₄₅₆₇₈₉';

export const decimalsOf = (text) => (text.includes('.') ? text.length - text.indexOf('.') - 1 : 0);

// "61837.6" with 2 decimals is "61837.60": a column of prices whose points are under each other.
export function withDecimals(text, decimals) {
  const missing = decimals - decimalsOf(text);
  if (missing <= 0) return text;
  return text + (text.includes('.') ? '' : '.') + '0'.repeat(missing);
}

// 0.000000000012 as 0.0₁₀12: with this many zeros nobody can count them.
export function shortZeros(text) {
  if (Number(text) === 0) return '0';
  return text.replace(/^(-?0\.0)(0{4,})(?=\d)/, (_, start, zeros) => {
    const count = String(zeros.length + 1);
    return start + [...count].map((digit) => subscripts[digit]).join('');
  });
}

const amounts = [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e4, 'K']];

// A size or a volume at a glance; the exact one is in the element's title.
export function compact(text) {
  if (text === null) return '–';
  const number = Number(text);
  if (number >= 1e15) return number.toExponential(2);
  for (const [unit, letter] of amounts) {
    if (number >= unit) return `${(number / (letter === 'K' ? 1e3 : unit)).toFixed(2)}${letter}`;
  }
  if (number >= 100 || number === 0 || Number.isInteger(number)) return String(Math.round(number * 100) / 100);
  return shortZeros(String(text).replace(/^(\d+\.0*\d{1,4}).*$/, '$1'));
}

export const grouped = (number) => (number === null ? '–' : number.toLocaleString('en-US'));

export const clock = (ms) => new Date(ms).toISOString().slice(11, 19);

export function ago(ms) {
  if (ms < 10_000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s ago`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s ago`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min ago`;
  return `${Math.round(ms / 3_600_000)} h ago`;
}

// Elements are made of text nodes only, so nothing that comes from data is ever markup.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
