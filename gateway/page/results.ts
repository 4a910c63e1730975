import type { Row } from '../protocol.js';
import { html, setText } from './elements.js';

const shown = 8;
const price = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 });

interface Product {
  name?: string;
  price?: number;
  stars?: number;
}

/** The first products found. There are always as many lines, so nothing below moves. */
export class Results {
  private readonly lines = Array.from({ length: shown }, () => {
    const [name, stars, price] = ['name', 'stars', 'price'].map((what) => html('span', { class: what }));
    return { element: html('li', {}, name!, stars!, price!), name: name!, stars: stars!, price: price! };
  });

  constructor(private readonly list: HTMLElement) {
    list.append(...this.lines.map(({ element }) => element));
  }

  /** Whether there is nothing more to come. Then those of the search before go, too. */
  settle(over: boolean): void {
    this.list.dataset.over = String(over);
    if (over && this.list.dataset.stale === 'true') this.show(undefined);
  }

  /** @param rows none: those of the search before stay until there are new ones. Undefined: there is no search */
  show(rows: readonly Row[] | undefined): void {
    this.list.dataset.stale = String(rows?.length === 0);
    if (rows?.length === 0) return;
    const products = new Map<number, Product>();
    for (const { from: _, product, ...known } of rows ?? [])
      products.set(product, { ...products.get(product), ...known });
    const found = [...products.values()];
    this.lines.forEach((line, i) => {
      const product = found[i];
      line.element.dataset.known = String(product !== undefined);
      setText(line.name, product?.name ?? '');
      setText(line.stars, product?.stars === undefined ? '' : `★ ${product.stars.toFixed(1)}`);
      setText(line.price, product?.price === undefined ? '' : price.format(product.price));
    });
  }
}
