import { distinctUntilChanged, filter, fromEvent, map, merge, type Observable } from 'rxjs';
import type { Query } from '../protocol.js';
import { byId, setText } from './elements.js';
import { duration } from './words.js';

const leastMs = 50;
const mostMs = 10_000;

/** Where searches are asked for. */
export class Form {
  private readonly form = byId('ask') as HTMLFormElement;
  private readonly text = byId('text') as HTMLInputElement;
  private readonly slider = byId('deadline') as HTMLInputElement;
  private readonly trouble = byId('trouble') as HTMLSelectElement;

  /** One for each keystroke that changes the text, and for Enter. */
  readonly queries$: Observable<Query> = merge(
    fromEvent(this.text, 'input').pipe(
      map(() => this.query()),
      distinctUntilChanged((one, other) => one.text === other.text),
    ),
    fromEvent(this.form, 'submit').pipe(map(() => this.query())),
  );

  /** How many searches to start at once. */
  readonly starts$: Observable<number> = fromEvent(this.form, 'click').pipe(
    map(({ target }) => Number((target as HTMLElement).dataset.start)),
    filter((count) => count > 0),
  );

  readonly cancelsAll$: Observable<undefined> = merge(
    fromEvent(byId('cancel-all'), 'click'),
    fromEvent<KeyboardEvent>(document, 'keydown').pipe(filter(({ key }) => key === 'Escape')),
  ).pipe(map(() => undefined));

  /** What the slider does to the words beside it. */
  readonly slides$ = fromEvent(this.slider, 'input').pipe(map(() => this.showDeadline()));

  constructor() {
    this.form.addEventListener('submit', (event) => event.preventDefault());
    this.showDeadline();
  }

  query(): Query {
    return { text: this.text.value.trim(), deadlineMs: this.deadlineMs(), trouble: this.trouble.value };
  }

  /** How the search in the box went. */
  say(outcome: string): void {
    setText(byId('outcome'), outcome);
  }

  showLink(connected: boolean): void {
    const link = byId('link');
    link.dataset.state = connected ? 'connected' : 'lost';
    setText(link, connected ? 'connected' : 'no gateway, trying again');
  }

  /** Each step is as much longer as the one before: the short ones are the interesting ones. */
  private deadlineMs(): number {
    return Number((leastMs * (mostMs / leastMs) ** (Number(this.slider.value) / 100)).toPrecision(2));
  }

  private showDeadline(): void {
    const words = duration(this.deadlineMs());
    setText(byId('deadline-shown'), words);
    this.slider.setAttribute('aria-valuetext', words);
  }
}
