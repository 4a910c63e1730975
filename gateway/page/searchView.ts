// A search on the timeline: its words, its marbles, and those of its calls.
import type { BackendName } from '../protocol.js';
import { html, icon, setText, svg } from './elements.js';
import { type Call, type Dot, type Search, stateOf } from './model.js';
import type { Scale } from './scale.js';
import { ofCall, ofSearch } from './words.js';

/** A search, and its calls. */
export class SearchView {
  readonly element: HTMLElement;
  private readonly line = new LineView();
  private readonly left = svg('rect', { class: 'left', y: '50%', height: 8, rx: 4 });
  private readonly more = html('span', { class: 'more' });
  private readonly short = html('span');
  private readonly how = html('span', { class: 'how' }, this.more, this.short);
  private readonly button: HTMLButtonElement;
  private readonly calls = new Map<Call, CallView>();
  private drawn = -1;
  private drawnScale: Scale | undefined;

  constructor(
    private readonly search: Search,
    own: boolean,
  ) {
    const { lane, text } = search;
    const label = `Cancel the search for ${text}`;
    this.button = html(
      'button',
      { type: 'button', class: 'cancel', 'data-cancel': lane, 'aria-label': label },
      icon('canceled'),
    );
    this.button.hidden = !own;
    this.line.plot.prepend(this.left);
    const what = html('span', { class: 'what', title: text }, text);
    const row = html('div', { class: 'row request' }, what, this.line.plot, this.how, this.button);
    this.element = html('li', { class: 'search', 'data-lane': lane }, row);
  }

  place(place: number, blockHeight: number): void {
    this.element.style.transform = `translateY(${place * blockHeight}px)`;
  }

  draw(now: number, scale: Scale, reason: string | undefined): void {
    const { search } = this;
    const state = stateOf(search);
    const rescaled = scale !== this.drawnScale;
    if (state !== 'running' && !rescaled && this.drawn === search.version) return;
    this.drawn = search.version;
    this.drawnScale = scale;

    const until = search.end?.at ?? now;
    this.line.draw(search, search.at, until, scale, rescaled);
    if (search.deadline !== undefined) {
      this.left.setAttribute('x', scale.percent(until - search.at));
      this.left.setAttribute('width', scale.percent(Math.max(0, search.deadline - until)));
    }
    for (const call of search.calls) {
      let view = this.calls.get(call);
      if (view === undefined) {
        view = new CallView(call);
        this.calls.set(call, view);
        this.element.append(view.element);
      }
      view.draw(search.at, until, scale, rescaled);
    }
    this.element.dataset.state = state;
    const [more, short] = ofSearch(search, now, reason);
    setText(this.more, more);
    setText(this.short, short);
    if (state === 'running') return;
    this.how.title = more + short;
    // Whoever has pressed it goes on from the list.
    if (document.activeElement === this.button)
      this.button.closest<HTMLElement>('[tabindex]')?.focus({ preventScroll: true });
    this.button.disabled = true;
  }
}

class CallView {
  readonly element: HTMLElement;
  private readonly line = new LineView();
  private readonly short = html('span');
  private readonly more = html('span', { class: 'more' });
  private readonly how = html('span', { class: 'how' }, this.short, this.more);

  constructor(private readonly call: Call) {
    const what = html('span', { class: 'what' }, call.from);
    this.element = html('div', { class: 'row call', 'data-from': call.from }, what, this.line.plot, this.how);
  }

  draw(zero: number, until: number, scale: Scale, rescaled: boolean): void {
    const { call } = this;
    this.line.draw(call, zero, call.end?.at ?? until, scale, rescaled);
    this.element.dataset.state = stateOf(call);
    const [short, more] = ofCall(call);
    setText(this.short, short);
    setText(this.more, more);
    this.how.title = call.end?.why ?? short + more;
  }
}

/** A marble diagram. */
class LineView {
  readonly plot = svg('svg', { class: 'plot', 'aria-hidden': 'true' });
  private readonly life = svg('line', { class: 'life', x1: 0, y1: '50%', y2: '50%' });
  private readonly dots: SVGCircleElement[] = [];
  private end: SVGUseElement | undefined;

  constructor() {
    this.plot.append(this.life);
  }

  draw(
    line: { at: number; rows: readonly Dot[]; end?: Search['end'] },
    zero: number,
    until: number,
    scale: Scale,
    rescaled: boolean,
  ): void {
    this.life.setAttribute('x1', scale.percent(line.at - zero));
    this.life.setAttribute('x2', scale.percent(until - zero));
    const known = this.dots.length;
    line.rows.forEach(({ at, from }, i) => {
      if (i < known && !rescaled) return;
      const dot = (this.dots[i] ??= this.plot.appendChild(this.dot(from)));
      dot.setAttribute('cx', scale.percent(at - zero));
    });
    if (line.end === undefined) return;
    this.end ??= svg('use', { class: 'end', href: `#mark-${line.end.how}`, y: '50%', width: 16, height: 16 });
    this.end.setAttribute('x', scale.percent(until - zero));
    this.plot.append(this.end); // on top of the dots
  }

  private dot(from: BackendName): SVGCircleElement {
    return svg('circle', { class: `dot ${from}`, cy: '50%', r: 4 });
  }
}
