// The market search: filters as you type, moves with the arrows, and shows at most a hundred lines, so
// that ten thousand markets cost what a hundred do.

import { element, shortZeros } from './format.js';

const mostShown = 100;

export class Picker {
  #input = document.getElementById('search');
  #popup = document.getElementById('popup');
  #list = document.getElementById('matches');
  #more = document.getElementById('more');
  #markets = [];
  #matches = [];
  #active = 0;
  #current = '';
  #choose;

  constructor(choose) {
    this.#choose = choose;
    this.#input.addEventListener('focus', () => this.#open());
    this.#input.addEventListener('click', () => this.#open());
    this.#input.addEventListener('input', () => this.#filter(this.#input.value));
    this.#input.addEventListener('blur', () => this.#close());
    this.#input.addEventListener('keydown', (event) => this.#key(event));
    // Before the input loses the focus.
    this.#list.addEventListener('mousedown', (event) => {
      event.preventDefault();
      const line = event.target.closest('li');
      if (line) this.#take(Number(line.dataset.at));
    });
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      this.#input.focus();
    });
  }

  set markets(markets) {
    this.#markets = markets.map((market) => ({ ...market, text: `${market.category}:${market.symbol}`.toLowerCase() }));
    this.#markets.sort((a, b) => b.trades - a.trades || (a.text < b.text ? -1 : 1));
    if (!this.#popup.hidden) this.#refreshPrices();
  }

  set current(name) {
    this.#current = name;
    if (this.#popup.hidden) this.#input.value = name;
  }

  #open() {
    if (!this.#popup.hidden) return;
    this.#popup.hidden = false;
    this.#input.setAttribute('aria-expanded', 'true');
    this.#input.select();
    this.#filter('');
    const at = this.#matches.findIndex((market) => `${market.category}:${market.symbol}` === this.#current);
    if (at >= 0) this.#activate(at);
  }

  #close() {
    this.#popup.hidden = true;
    this.#input.setAttribute('aria-expanded', 'false');
    this.#input.removeAttribute('aria-activedescendant');
    this.#input.value = this.#current;
  }

  #filter(text) {
    const words = text.toLowerCase().split(/[\s:]+/).filter(Boolean);
    const found = this.#markets.filter((market) => words.every((word) => market.text.includes(word)));
    const last = words.at(-1);
    // What begins with the word comes before what has it somewhere.
    if (last) found.sort((a, b) => b.symbol.toLowerCase().startsWith(last) - a.symbol.toLowerCase().startsWith(last));
    this.#matches = found.slice(0, mostShown);
    this.#list.replaceChildren(...this.#matches.map((market, at) => this.#line(market, at)));
    const hidden = found.length - this.#matches.length;
    this.#more.textContent = hidden > 0 ? `${hidden} more: keep typing` : found.length === 0 ? 'No market matches' : '';
    this.#list.scrollTop = 0;
    this.#activate(0);
  }

  #line(market, at) {
    return element('li', { role: 'option', id: `match-${at}`, 'data-at': at, 'aria-selected': 'false' },
      element('span', { class: 'name' }, market.symbol), element('span', { class: 'tag' }, market.category),
      element('span', { class: 'price' }, shortZeros(market.last_price)));
  }

  // New prices in the lines that are there; the order stays while somebody is choosing.
  #refreshPrices() {
    if (this.#matches.length === 0) return this.#filter(this.#input.value === this.#current ? '' : this.#input.value);
    const prices = new Map(this.#markets.map((market) => [market.text, market.last_price]));
    this.#matches.forEach((market, at) => {
      this.#list.children[at].lastChild.textContent = shortZeros(prices.get(market.text) ?? market.last_price);
    });
  }

  #activate(at) {
    if (this.#matches.length === 0) return;
    this.#list.children[this.#active]?.setAttribute('aria-selected', 'false');
    this.#active = Math.max(0, Math.min(at, this.#matches.length - 1));
    const line = this.#list.children[this.#active];
    line.setAttribute('aria-selected', 'true');
    line.scrollIntoView({ block: 'nearest' });
    this.#input.setAttribute('aria-activedescendant', line.id);
  }

  #take(at) {
    const market = this.#matches[at];
    if (!market) return;
    this.current = `${market.category}:${market.symbol}`;
    this.#input.blur();
    this.#choose(market.category, market.symbol);
  }

  #key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    if (event.key in steps) {
      event.preventDefault();
      this.#open();
      this.#activate(this.#active + steps[event.key]);
    } else if (event.key === 'Enter') {
      this.#take(this.#active);
    } else if (event.key === 'Escape') {
      this.#input.blur();
    }
  }
}
