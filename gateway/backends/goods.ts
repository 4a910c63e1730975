// What the three services know something about: each of them by the product's number.

const materials = ['Oak', 'Walnut', 'Ash', 'Linen', 'Wool', 'Cotton', 'Brass', 'Steel', 'Marble', 'Rattan', 'Glass'];
const things = [
  'desk',
  'chair',
  'lamp',
  'shelf',
  'stool',
  'bench',
  'table',
  'mirror',
  'basket',
  'vase',
  'tray',
  'clock',
];

export interface Good {
  readonly product: number;
  readonly name: string;
}

export const goods: readonly Good[] = materials.flatMap((material, i) =>
  things.map((thing, j) => ({ product: i * things.length + j, name: `${material} ${thing}` })),
);

/** No answer is longer. */
export const mostRows = 8;

/** What the services have an index for. */
export function matching(text: string): readonly Good[] {
  return goods.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())).slice(0, mostRows);
}

/** Looks random, and is the same every time: 0 up to, but not including, `below`. */
export function scattered(product: number, below: number): number {
  return (Math.imul(product + 1, 0x9e3779b1) >>> 0) % below;
}
