// The page of `npm run play`: rows of marbles on the left, what each expression makes of them on the right.
import * as rxjs from 'rxjs';
import * as rxjsCtx from 'rxjs-ctx';
import * as rxjsCtxTesting from 'rxjs-ctx/testing';
import { draw } from '../diagrams/draw.js';
import { parse } from '../diagrams/parse.js';
import type { Row } from '../diagrams/parse.js';
import { run } from '../diagrams/run.js';

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
];

const byId = (id: string) => document.getElementById(id)!;
const inputs = byId('inputs') as HTMLTextAreaElement;
const presets = byId('presets') as HTMLSelectElement;
const start = byId('start') as HTMLInputElement;
const subscriptions = byId('subscriptions') as HTMLInputElement;

/** What is drawn goes on behind the inputs, for inner streams may. */
const tail = 6;

function readInputs(): { rows: readonly Row[]; frames: number } {
  const { inputs: rows } = parse(`${inputs.value.trimEnd()}\n    x\nresult  -`);
  return { rows, frames: Math.max(...rows.map(({ end }) => end)) + tail };
}

/** Runs one expression on the inputs. */
function outputsOf(expression: string): Row[] {
  const { rows, frames } = readInputs();
  const output = (label: string, kind: Row['kind'], from: number): Row => {
    return { label, kind, start: from, end: frames, marbles: '', marks: [], note: '' };
  };
  const from = Math.min(Math.max(0, start.valueAsNumber || 0), frames - 1);
  const logs = subscriptions.checked ? [output('source', 'subscription', 0)] : [];
  return run({ inputs: rows, expression, outputs: [output('result', 'stream', from), ...logs] });
}

function showInputs(): void {
  const fault = byId('fault');
  try {
    const { rows, frames } = readInputs();
    byId('drawn-inputs').innerHTML = draw({ inputs: rows, expression: '', outputs: [] }, inputs.value, frames);
    fault.textContent = '';
  } catch (error) {
    fault.textContent = messageOf(error);
  }
}

function showResult(card: HTMLElement): void {
  const expression = card.querySelector('input')!.value;
  const [picture, fault] = [card.querySelector('.picture')!, card.querySelector('.fault')!];
  try {
    const rows = outputsOf(expression);
    const { frames } = readInputs();
    picture.innerHTML = draw({ inputs: [], expression: '', outputs: rows }, `${expression}: ${spoken(rows)}`, frames);
    fault.textContent = '';
  } catch (error) {
    picture.innerHTML = '';
    fault.textContent = messageOf(error);
  }
}

function showAll(): void {
  showInputs();
  for (const card of document.querySelectorAll<HTMLElement>('.card')) showResult(card);
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
    '<div><input spellcheck="false" autocapitalize="off" aria-label="Expression" />' +
    '<button type="button" aria-label="Remove this expression" title="Remove">×</button></div>' +
    '<p class="fault" role="status"></p><div class="picture"></div>';
  const input = card.querySelector('input')!;
  input.value = expression;
  input.addEventListener('input', () => showResult(card));
  card.querySelector('button')!.addEventListener('click', () => {
    const next = (card.nextElementSibling ?? card.previousElementSibling)?.querySelector('input') ?? byId('add');
    card.remove();
    next.focus();
  });
  byId('results').append(card);
  return card;
}

function load(lines: string, expressions: readonly string[]): void {
  inputs.value = lines;
  inputs.rows = Math.max(3, lines.split('\n').length + 1);
  byId('results').replaceChildren();
  for (const expression of expressions) addCard(expression);
  showAll();
}

function loadPreset(): void {
  const found = DIAGRAMS[Number(presets.value)];
  if (found === undefined) {
    start.value = '0';
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
  card.querySelector('input')!.select();
});
loadPreset();
