// What contexts follow that is no context: observables and AbortSignals.
import { EMPTY, NEVER, Observable, Subject, of, throwError } from 'rxjs';
import type { ObservableInput } from 'rxjs';

/** Something outside that contexts follow. */
export interface ExternalSource {
  readonly source: ObservableInput<unknown> | AbortSignal;
  /** Of ours. */
  readonly listeners: number;
  /** Whether one of them serves all who follow. */
  readonly shared: boolean;
  speak(n: number, cause: unknown): void;
}

/** The even ones are observables, the odd ones AbortSignals. */
export function outside(index: number): ExternalSource {
  return index % 2 === 0 ? subject() : signal();
}

export function nameOfOutside(index: number): string {
  return `${index % 2 === 0 ? 'subject' : 'signal'} ${index}`;
}

/** Those from the third on speak at once. */
export function inputs(cause: unknown): ObservableInput<unknown>[] {
  return [NEVER, EMPTY, of(cause, 'more'), throwError(() => cause)];
}

function subject(): ExternalSource {
  const speaker = new Subject<unknown>();
  let listeners = 0;
  return {
    source: new Observable((subscriber) => {
      listeners++;
      subscriber.add(() => listeners--);
      return speaker.subscribe(subscriber);
    }),
    get listeners() {
      return listeners;
    },
    shared: false,
    speak(n, cause) {
      if (n === 0) speaker.complete();
      else if (n === 1) speaker.error(cause);
      else for (const value of [cause, 'more']) speaker.next(value);
    },
  };
}

function signal(): ExternalSource {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  return {
    source: signal,
    get listeners() {
      return listeners;
    },
    shared: true,
    speak: (_, cause) => controller.abort(cause),
  };
}
