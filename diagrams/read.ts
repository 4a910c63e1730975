// Where diagrams are: in the doc comments of the library, and in pages.
import { readFileSync, readdirSync } from 'node:fs';
import { isDiagram } from './parse.js';

export interface Found {
  /** For example `lib/operators/takeUntilCtx.ts:11`. */
  readonly at: string;
  readonly text: string;
}

/** All diagrams of the sources and the pages. */
export function diagrams(): Found[] {
  const sources = readdirSync('lib', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `lib/${file.replaceAll('\\', '/')}`);
  const pages = readdirSync('docs').filter((file) => file.endsWith('.md'));
  return [...sources, ...pages.map((file) => `docs/${file}`)].sort().flatMap(diagramsOf);
}

function diagramsOf(file: string): Found[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^(?<margin>[ *]*)```text\n(?<block>[^]*?)^[ *]*```$/gm)].flatMap(({ groups, index }) => {
    const { margin = '', block = '' } = groups ?? {};
    const bare = block
      .split('\n')
      .map((line) => (line.startsWith(margin) ? line.slice(margin.length) : line.trimStart()));
    const line = text.slice(0, index).split('\n').length + 1;
    const inner = bare.join('\n');
    return isDiagram(inner) ? [{ at: `${file}:${line}`, text: inner }] : [];
  });
}
