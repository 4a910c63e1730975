// Where in the user's code something happened: the first frame of a stack that is neither of this library nor of RxJS.
import { limitStack } from '../core/errors.js';

/** The stack of a moment. Its text is made on first read, and with source maps that takes far longer than all the rest. */
export class Trace {
  private error: Error | undefined = takeStack();
  private text: string | undefined = undefined;

  /** @param placeIn reads the line from the frames, innermost first; `undefined`: no line of the user's */
  constructor(private readonly placeIn: (frames: readonly Frame[]) => string | undefined) {}

  /** For example `handler (src/app.ts:7:44)`. */
  get place(): string | undefined {
    if (this.error !== undefined) {
      this.text = this.placeIn(framesOf(this.error.stack ?? ''));
      this.error = undefined;
    }
    return this.text;
  }
}

/** One call of a stack. */
export interface Frame {
  /** Of the function; empty at the top of a module. */
  readonly name: string;
  /** With line and column. */
  readonly file: string;
}

/** More than the library and a pipe of operators take. Hosts keep 10, which a pipe fills. */
const framesTaken = 100;

function takeStack(): Error {
  const { stackTraceLimit } = Error;
  limitStack(framesTaken);
  try {
    return new Error();
  } finally {
    limitStack(stackTraceLimit);
  }
}

// V8: `at handler (file:///app.js:7:44)` or `at file:///app.js:7:44`. Firefox and WebKit: `handler@http://…/app.js:7:44`.
const frameForms = [/^\s*at (?:(?<name>.*) \()?(?<file>.+:\d+:\d+)\)?$/, /^(?<name>.*?)@(?<file>.+:\d+:\d+)$/];

function framesOf(stack: string): readonly Frame[] {
  return stack.split('\n').flatMap((line) => {
    const form = frameForms.find((pattern) => pattern.test(line));
    const { name = '', file = '' } = form?.exec(line)?.groups ?? {};
    return file === '' ? [] : [{ name: name === '<anonymous>' ? '' : name, file }];
  });
}

/** The line that called the library: of the user's own, or of a package that uses this one. */
export function placeOfCaller(frames: readonly Frame[]): string | undefined {
  const frame = frames.find(isOutside);
  if (frame === undefined) return undefined;
  const place = shortened(frame.file);
  return frame.name === '' ? place : `${frame.name} (${place})`;
}

/** As {@link placeOfCaller}, but of what ended a context, and not of what found that it had ended. */
export function placeOfEnd(frames: readonly Frame[]): string | undefined {
  const inside = frames.slice(0, frames.findIndex(isOutside));
  const lastNamed = (names: RegExp) => inside.map(({ name }) => names.test(name)).lastIndexOf(true);
  // Somebody asked, and the library looked; or something ended, and a listener looked.
  return lastNamed(/\brefresh$/) > lastNamed(/\b(cancel|notifyAll)$/) ? undefined : placeOfCaller(frames);
}

const packages = /[\\/]node_modules[\\/](?:rxjs(?:-ctx)?(?:@[^\\/]*|-[\d.]+)?|@rxjs[\\/][^\\/]+)[\\/]/;
const hosts = /^node:|^native|[\\/]vite[\\/]deps[\\/]/;

function isOutside({ name, file }: Frame): boolean {
  if (packages.test(file) || hosts.test(file)) return false;
  const { root, bundle } = (own ??= ownPlace());
  if (root !== undefined) return !root.test(file);
  return !file.startsWith(bundle) || !ownNames.test(name);
}

/** Where this library is: a folder, or a bundle that other code shares. */
interface OwnPlace {
  /** Begins the names of all files of the library. */
  readonly root: RegExp | undefined;
  readonly bundle: string;
}

/** Known from the first look on: no earlier, because source maps may come later. */
let own: OwnPlace | undefined;

function ownPlace(): OwnPlace {
  return placeOfFile(framesOf(takeStack().stack ?? '')[0]?.file ?? '');
}

/** @param file one of the library, with line and column */
export function placeOfFile(file: string): OwnPlace {
  const folder = /^(.*[\\/])(?:lib[\\/]debug|dist[\\/](?:esm|cjs)(?:[\\/]debug)?)[\\/][^\\/]+$/.exec(file)?.[1];
  const root = folder === undefined ? undefined : new RegExp(`^${escaped(folder)}(?:lib|dist)[\\\\/]`);
  return { root, bundle: file.replace(/:\d+:\d+$/, '') };
}

function escaped(text: string): string {
  return text.replace(/[^\w/]/g, '\\$&');
}

// In a bundle the names of functions are all there is to tell by. A minified one says nothing anyway.
const ownNames = new RegExp(
  [
    /^(?:new )?_?(?:ContextNode|Deadline|LinkedContext|ForeignContext|GraceContext|InputSource|Trace|Registry|Listener|Observable)\d?\b/,
    /^(?:with(?:Cancel|Deadline|Timeout|Scheduler|Value)\w*|withoutCancel|new(?:Limited|ValueContext|ForeignNode|EventNode)|linkTo)$/,
    /^(?:toInternal|foreignNodeOf|takeStack|cancel(?:It)?|callThis|notify\w*|listen|endOf|endFromAbove|endWithin|knownEndOf)\d?$/,
    /^(?:runWithChild|usingCtx|set end)\b/,
    /\b(?:\w*[sS]ubscribe|made|ended|endWith|endAt|expire|look|refresh)$/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

function shortened(file: string): string {
  const { process } = globalThis as { process?: { cwd?: () => string } };
  const text = file.replace(/^file:\/\//, '');
  const folder = `${String(process?.cwd?.())}/`;
  return text.startsWith(folder) ? text.slice(folder.length) : text;
}
