// Runs a diagram: its rows become observables and contexts, its expression is evaluated, and what comes of it is drawn as rows.
import * as rxjs from 'rxjs';
import type { Observable, OperatorFunction } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import * as library from 'rxjs-ctx';
import { ctxHelpers } from 'rxjs-ctx/testing';
import type { Diagram, Mark, Row } from './parse.js';

/** RxJS's record of one notification. */
interface Message {
  readonly frame: number;
  readonly notification: { readonly kind: 'N' | 'E' | 'C'; readonly value?: unknown; readonly error?: unknown };
}

/**
 * The rows that come out, one for each that the diagram has below its expression. Nobody looks on behind the diagram's end.
 *
 * @throws what the expression throws, and an Error where it is no observable and no operator
 */
export function run(diagram: Diagram): Row[] {
  const [result, ...logs] = diagram.outputs as [Row, ...Row[]];
  const until = Math.max(...[...diagram.inputs, ...diagram.outputs].map(({ end }) => end));
  const ran: Row[] = [];
  let messages: Message[] = [];
  const scheduler = new TestScheduler((actual) => {
    messages = actual as Message[];
  });
  scheduler.run((helpers) => {
    const { cold, hot, expectObservable, flush } = helpers;
    const { ctx } = ctxHelpers(helpers);
    const names = new Map<string, unknown>(Object.entries({ ...rxjs, ...library }));
    names.delete('default'); // of a CommonJS module, and no name
    const sources = new Map<string, ReturnType<typeof cold<string>> | ReturnType<typeof hot<string>>>();
    for (const { label, kind, marbles, note } of diagram.inputs) {
      if (kind === 'context') {
        const [, value] = /^holds (\w+) under key$/.exec(note) ?? [];
        const key = library.contextKey<string>('key');
        const made = ctx(marbles);
        names.set('key', key).set(label, value === undefined ? made : library.withValue(made, key, value));
      } else {
        const source = note === 'hot' ? hot(marbles) : cold(marbles);
        names.set(label, source);
        sources.set(label, source);
      }
    }
    const subscription = `${'-'.repeat(result.start)}^${'-'.repeat(until - result.start - 1)}!`;
    expectObservable(evaluate(diagram.expression, names), subscription).toBe('');
    flush();
    ran.push(drawn(result, messages.map(markOf), until));
    for (const log of logs) {
      const subscriptions = sources.get(log.label)?.subscriptions ?? [];
      const marks = subscriptions.flatMap(({ subscribedFrame, unsubscribedFrame }): Mark[] => [
        { frame: subscribedFrame, kind: 'subscribe', text: '^' },
        { frame: unsubscribedFrame, kind: 'unsubscribe', text: '!' },
      ]);
      ran.push(drawn(log, marks, until));
    }
  });
  return ran;
}

/** An operator is applied to the row called `source`. */
function evaluate(expression: string, names: Map<string, unknown>): Observable<unknown> {
  if (expression.trim() === '') throw new Error('there is no expression');
  // The text is the reader's own, or the page's.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const evaluation = new Function(...names.keys(), `return ${expression.trim()}`) as (...values: unknown[]) => unknown;
  const evaluated = evaluation(...names.values());
  if (rxjs.isObservable(evaluated)) return evaluated;
  if (typeof evaluated !== 'function')
    throw new Error(`this is no observable and no operator, but ${textOf(evaluated)}`);
  const source = names.get('source') as Observable<unknown> | undefined;
  if (source === undefined) throw new Error('there is no row called source, to apply an operator to');
  const applied: unknown = source.pipe(evaluated as OperatorFunction<unknown, unknown>);
  if (rxjs.isObservable(applied)) return applied;
  throw new Error('this is a function, but no operator: has it been called?');
}

function markOf({ frame, notification: { kind, value, error } }: Message): Mark {
  if (kind === 'N') return { frame, kind: 'value', text: textOf(value) };
  if (kind === 'C') return { frame, kind: 'complete', text: '|' };
  return { frame, kind: 'error', text: '#', reason: error instanceof Error ? error.message : textOf(error) };
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(textOf).join(', ')}]` : String(value);
}

function drawn(row: Row, all: Mark[], until: number): Row {
  const marks = all.filter(({ frame }) => frame < until);
  const last = marks.at(-1);
  const open = last === undefined || last.kind === 'value' || last.kind === 'subscribe';
  return { ...row, marks, end: open ? until : last.frame + 1 };
}

/** The texts that a note gives to letters: `A = [a, x], B = [b, x]`. */
export function legend(note: string): ReadonlyMap<string, string> {
  return new Map([...note.matchAll(/(\w) = (\[[^\]]*\]|\w+)/g)].map(([, letter = '', text = '']) => [letter, text]));
}
