// The page of `npm run play`: rows of marbles on the left, what each expression makes of them on the right.
import * as rxjs from 'rxjs';
import * as rxjsCtx from 'rxjs-ctx';
import * as rxjsCtxTesting from 'rxjs-ctx/testing';
import { firstValueFrom, fromEvent } from 'rxjs';
import { background, isDeadlineExceeded, usingCtx } from 'rxjs-ctx';
import { draw } from '../diagrams/draw.js';
import { parse } from '../diagrams/parse.js';
import type { Diagram, Row } from '../diagrams/parse.js';
import type { Answer } from './worker.js';

Object.assign(window, { rxjs, rxjsCtx, rxjsCtxTesting });

/** Put in by serve.ts: the diagrams of the sources and the pages. */
declare const DIAGRAMS: readonly { readonly at: string; readonly text: string }[];

const inputsAtFirst = `source  --1----2---------3--|
inner   a--b--c--d|
ctx     -----------------c  holds x under key`;

const expressionsAtFirst = [
  'takeUntilCtx(ctx)',
  'throwOnCtx(ctx)',
  'withTimeoutCtx(ctx, 9)',
  'withDeadlineCtx(ctx, 9)',
  'ctxValue(ctx, key)',
  'switchMapCtx(ctx, () => inner)',
  'mergeMapCtx(ctx, () => inner)',
  'concatMapCtx(ctx, () => inner)',
  'exhaustMapCtx(ctx, () => inner)',
  'usingCtx(ctx, () => source)',
  'retryCtx(ctx, () => source)',
  'hedgeCtx(ctx, () => source, { delayMs: 3 })',
];

const byId = (id: string) => document.getElementById(id)!;
const inputs = byId('inputs') as HTMLTextAreaElement;
const presets = byId('presets') as HTMLSelectElement;
const start = byId('start') as HTMLInputElement;
const subscriptions = byId('subscriptions') as HTMLInputElement;
const results = byId('results');

/** What is drawn goes on behind the inputs, for inner streams may. */
const tail = 4;
const longestRunMs = 3_000; // much more than one takes on a busy machine

/** What was typed, read; undefined when it cannot be. */
let read: { readonly rows: readonly Row[]; readonly frames: number } | undefined;
/** Cards that wait for their turn, each with what it shall show. */
const waiting = new Map<HTMLElement, Diagram>();
let worker = startWorker();

function readInputs(): void {
  const fault = byId('fault');
  try {
    const { inputs: rows } = parse(`${inputs.value.trimEnd()}\n    x\nresult  -`);
    read = { rows, frames: Math.max(...rows.map(({ end }) => end)) + tail };
    fault.textContent = '';
  } catch (error) {
    read = undefined;
    fault.textContent = messageOf(error);
  }
}

function showAll(): void {
  readInputs();
  document.body.classList.toggle('faulty', read === undefined); // what is drawn is of what was typed before
  if (read === undefined) return;
  const { rows, frames } = read;
  byId('drawn-inputs').innerHTML = draw({ inputs: rows, expression: '', outputs: [] }, inputs.value, frames);
  for (const card of document.querySelectorAll<HTMLElement>('.card')) showResult(card);
}

/** Runs the expression of a card on the inputs as soon as it is its turn. */
function showResult(card: HTMLElement): void {
  if (read === undefined) return;
  const { rows, frames } = read;
  const output = (label: string, kind: Row['kind'], from: number): Row => {
    return { label, kind, start: from, end: frames, marbles: '', marks: [], note: '' };
  };
  const from = Math.min(Math.max(0, start.valueAsNumber || 0), frames - 1);
  const logs = subscriptions.checked ? [output('source', 'subscription', 0)] : [];
  waiting.set(card, {
    inputs: rows,
    expression: card.querySelector('textarea')!.value,
    outputs: [output('result', 'stream', from), ...logs],
  });
  if (results.ariaBusy !== 'true') void runWaiting();
}

async function runWaiting(): Promise<void> {
  results.ariaBusy = 'true';
  for (const [card, diagram] of waiting) {
    waiting.delete(card); // typed on meanwhile, it is put back behind the others
    showAnswer(card, diagram, await answerTo(diagram));
  }
  results.ariaBusy = 'false';
}

/** A context ends what takes too long, and with it the worker, which knows no other way to stop. */
async function answerTo(diagram: Diagram): Promise<Answer> {
  const listening = await worker;
  const answer$ = usingCtx(
    background(),
    () => {
      listening.postMessage(diagram);
      return fromEvent<MessageEvent<Answer>>(listening, 'message');
    },
    { timeoutMs: longestRunMs },
  );
  try {
    return (await firstValueFrom(answer$)).data;
  } catch (error) {
    listening.terminate();
    worker = startWorker();
    return { fault: isDeadlineExceeded(error) ? 'this does not come to an end within 3 seconds' : messageOf(error) };
  }
}

async function startWorker(): Promise<Worker> {
  const started = new Worker('worker.js', { type: 'module' });
  await firstValueFrom(fromEvent(started, 'message'));
  return started;
}

function showAnswer(card: HTMLElement, { expression, outputs }: Diagram, answer: Answer): void {
  const [picture, fault] = [card.querySelector('.picture')!, card.querySelector('.fault')!];
  if ('fault' in answer) {
    picture.innerHTML = '';
    fault.textContent = answer.fault;
    return;
  }
  const frames = Math.max(...outputs.map(({ end }) => end));
  const rows = answer.rows.map((row) => ({ ...row, note: row.marks.at(-1)?.reason ?? '' }));
  picture.innerHTML = draw({ inputs: [], expression: '', outputs: rows }, `${expression}: ${spoken(rows)}`, frames);
  fault.textContent = '';
}

function spoken(rows: readonly Row[]): string {
  return rows
    .map(({ label, marks }) => `${label} ${marks.map(({ frame, text }) => `${text} at ${frame}`).join(', ')}`)
    .join('; ');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function addCard(expression: string): HTMLElement {
  const card = document.createElement('article');
  card.className = 'card';
  card.innerHTML =
    '<textarea rows="1" spellcheck="false" autocapitalize="off" aria-label="Expression"></textarea>' +
    '<div><p class="fault" role="status"></p><div class="picture"></div></div>' +
    '<button type="button" aria-label="Remove this expression" title="Remove">×</button>';
  const input = card.querySelector('textarea')!;
  input.value = expression;
  input.addEventListener('input', () => showResult(card));
  card.querySelector('button')!.addEventListener('click', () => {
    const next = (card.nextElementSibling ?? card.previousElementSibling)?.querySelector('textarea') ?? byId('add');
    waiting.delete(card);
    card.remove();
    next.focus();
  });
  results.append(card);
  return card;
}

function load(lines: string, expressions: readonly string[]): void {
  inputs.value = lines;
  inputs.rows = Math.max(3, lines.split('\n').length + 1);
  waiting.clear();
  results.replaceChildren();
  for (const expression of expressions) addCard(expression);
  showAll();
}

function loadPreset(): void {
  const found = DIAGRAMS[Number(presets.value)];
  if (found === undefined) {
    start.value = '0';
    subscriptions.checked = false;
    load(inputsAtFirst, expressionsAtFirst);
    return;
  }
  const { expression, outputs } = parse(found.text);
  const lines = found.text.split('\n');
  const end = lines.findIndex((line) => line.startsWith(' '));
  start.value = String(outputs[0]!.start);
  subscriptions.checked = /^source +\^/m.test(found.text);
  load(lines.slice(0, end).join('\n'), [expression]);
}

presets.append(new Option('all operators', 'all'));
const groups = new Map<string, HTMLOptGroupElement>();
DIAGRAMS.forEach(({ at, text }, index) => {
  const file = at.replace(/:\d+$/, '');
  const name = file.startsWith('lib/') ? 'doc comments' : file;
  const group = groups.get(name) ?? Object.assign(document.createElement('optgroup'), { label: name });
  groups.set(name, group);
  group.append(new Option(parse(text).expression, String(index)));
  presets.append(group);
});
presets.addEventListener('change', loadPreset);
inputs.addEventListener('input', showAll);
subscriptions.addEventListener('change', showAll);
start.addEventListener('input', showAll);
byId('add').addEventListener('click', () => {
  const card = addCard('source.pipe(takeUntilCtx(ctx))');
  showResult(card);
  card.scrollIntoView({ block: 'nearest' });
  card.querySelector('textarea')!.select();
});
loadPreset();
