// The timeline: only the searches that can be seen are in the document, however many there are.
import { filter, fromEvent, map, merge, type Observable } from 'rxjs';
import { byId } from './elements.js';
import type { Model, Search } from './model.js';
import { drawTicks, Scale, widthFor } from './scale.js';
import { SearchView } from './searchView.js';

export class Lanes {
  private readonly views = new Map<Search, SearchView>();
  private scale = new Scale(0);
  private blockHeight = 0;
  private count = 0;

  private readonly scroller = byId('scroller');
  private readonly list = byId('lanes');

  readonly scrolls$ = merge(fromEvent(this.scroller, 'scroll'), fromEvent(window, 'resize'));

  /** Lanes whose button was pressed. */
  readonly cancels$: Observable<string> = fromEvent(this.list, 'click').pipe(
    map(({ target }) => (target as Element).closest<HTMLElement>('[data-cancel]')?.dataset.cancel),
    filter((lane) => lane !== undefined),
  );

  /** @param viewer whose searches have a button */
  constructor(
    private readonly model: Model,
    private readonly viewer: string,
  ) {
    new ResizeObserver(() => this.measure()).observe(this.scroller);
    this.measure();
  }

  /** The newest is on top. */
  draw(now: number): void {
    const { searches } = this.model;
    this.keepPlace();
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(0, Math.floor(scrollTop / this.blockHeight) - 1);
    const last = Math.min(searches.length - 1, Math.ceil((scrollTop + clientHeight) / this.blockHeight));

    const seen = new Set<Search>();
    for (let place = first; place <= last; place++) seen.add(searches[searches.length - 1 - place]!);
    for (const [search, view] of this.views) {
      // Whoever is on its button stays there.
      const kept = view.element.contains(document.activeElement) && this.model.get(search.lane) === search;
      if (kept || seen.has(search)) continue;
      view.element.remove();
      this.views.delete(search);
    }
    if (seen.size > 0) this.rescale(seen, now);
    let previous: Element | null = null;
    for (const search of seen) {
      const view = this.views.get(search) ?? this.add(search);
      const next: Element | null = previous === null ? this.list.firstElementChild : previous.nextElementSibling;
      // In the document as on the screen, for those who read it or walk it by keyboard.
      if (next !== view.element) this.list.insertBefore(view.element, next);
      previous = view.element;
    }
    for (const [search, view] of this.views) {
      view.place(searches.length - 1 - searches.indexOf(search), this.blockHeight);
      view.draw(now, this.scale, this.model.reasons.get(search.lane));
    }
  }

  reveal(search: Search): void {
    const place = this.model.searches.length - 1 - this.model.searches.indexOf(search);
    this.scroller.scrollTo({ top: place * this.blockHeight });
  }

  private add(search: Search): SearchView {
    const view = new SearchView(search, search.viewer === this.viewer);
    this.views.set(search, view);
    return view;
  }

  private measure(): void {
    this.blockHeight = parseFloat(getComputedStyle(this.scroller).getPropertyValue('--block'));
    this.count = -1;
  }

  /** What somebody has scrolled to stays where it is when new ones come in above. */
  private keepPlace(): void {
    const { length } = this.model.searches;
    if (length === this.count) return;
    const added = length - this.count;
    const moved = this.count > 0 && this.scroller.scrollTop > 0;
    this.list.style.height = `${length * this.blockHeight}px`;
    if (moved) this.scroller.scrollTop += added * this.blockHeight;
    this.count = length;
  }

  private rescale(seen: Iterable<Search>, now: number): void {
    const ms = widthFor([...seen], now);
    if (ms === this.scale.ms) return;
    this.scale = new Scale(ms);
    drawTicks(byId('ticks'), this.scroller, this.scale);
  }
}
