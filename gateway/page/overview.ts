import { byId, html, icon, setText } from './elements.js';
import { type Model, type Search, type State, stateOf, states } from './model.js';

const cellCount = 200;

/** A cell for each of the last searches. Each one keeps its place, and after the last the first is used again. */
export class Overview {
  private readonly cells = Array.from({ length: cellCount }, () => html('i'));
  private readonly shown: (Search | undefined)[] = [];
  private readonly counts = new Map<State, HTMLElement>();

  constructor(
    private readonly model: Model,
    reveal: (search: Search) => void,
  ) {
    const [cells, legend] = [byId('cells'), byId('legend')];
    cells.append(...this.cells);
    cells.addEventListener('click', ({ target }) => {
      const search = this.shown[this.cells.indexOf(target as HTMLElement)];
      if (search !== undefined) reveal(search);
    });
    for (const state of states) {
      const count = html('b', {}, '0');
      legend.append(html('li', { 'data-state': state }, icon(state), html('span', {}, state), count));
      this.counts.set(state, count);
    }
  }

  draw(changed: Iterable<Search>): void {
    for (const search of changed) {
      const place = search.n % cellCount;
      this.shown[place] = search;
      this.cells[place]!.dataset.state = stateOf(search);
    }
    for (const [state, count] of this.counts) setText(count, String(this.model.tally[state]));
  }

  clear(): void {
    this.shown.length = 0;
    for (const cell of this.cells) delete cell.dataset.state;
    this.draw([]);
  }
}
