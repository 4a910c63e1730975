// Short forms for what the page is made of.
import type { State } from './model.js';

type Attributes = Readonly<Record<string, string | number>>;

export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  return made(document.createElement(name), attributes, children);
}

export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Node[]
): SVGElementTagNameMap[Name] {
  return made(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

/** How something is or ended, as the symbol in the page's own markup. */
export function icon(state: State): SVGSVGElement {
  const use = svg('use', { href: `#mark-${state}`, x: -8, y: -8, width: 16, height: 16 });
  return svg('svg', { class: 'icon', viewBox: '-8 -8 16 16', 'aria-hidden': 'true' }, use);
}

export function byId(id: string): HTMLElement {
  return document.getElementById(id)!;
}

/** Writes only what is new: everything else costs the browser a look. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function made<E extends Element>(element: E, attributes: Attributes, children: (Node | string)[]): E {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}
