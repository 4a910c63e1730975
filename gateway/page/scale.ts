// The time axis: how long the width of a lane is.
import { html } from './elements.js';
import type { Search } from './model.js';

/** As wide as this, and then twice as wide, before a budget that is longer is shown whole. */
const roomyMs = 2_000;

export class Scale {
  constructor(readonly ms: number) {}

  /** @param after ms after the beginning of a search */
  percent(after: number): string {
    return `${((100 * after) / this.ms).toFixed(2)}%`;
  }
}

/** Wide enough for all that has happened, and for budgets as far as that leaves room to see it. */
export function widthFor(searches: readonly Search[], now: number): number {
  return searches.reduce((most, { at, deadline = Infinity, end }) => {
    const tookMs = (end?.at ?? now) - at;
    const budgetMs = deadline - at;
    const roomMs = roomyMs * 2 ** Math.max(0, Math.ceil(Math.log2(tookMs / roomyMs)));
    // Who is late is late by a few ms: not another width for each of them.
    return Math.max(most, tookMs > budgetMs ? 100 * Math.ceil(tookMs / 100) : Math.min(budgetMs, roomMs));
  }, 1);
}

/** Labels at round times. */
export function drawTicks(axis: HTMLElement, scroller: HTMLElement, scale: Scale): void {
  const stepMs =
    [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000].find((step) => scale.ms / step <= 6) ?? 60_000;
  const times = Array.from({ length: Math.floor(scale.ms / stepMs) + 1 }, (_, i) => i * stepMs);
  axis.replaceChildren(
    ...times.map((time) => {
      const tick = html('span', {}, stepMs < 500 ? `${time} ms` : `${time / 1_000} s`);
      tick.style.left = scale.percent(time);
      return tick;
    }),
  );
  scroller.style.setProperty('--tick', scale.percent(stepMs));
}
