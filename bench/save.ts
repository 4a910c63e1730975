// Writes down a full report: results.json, the plots, and the tables in README.md between two marks.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { draw, plots } from './plot.js';
import { headOf, markdown, tables } from './report.js';
import type { Report } from './report.js';

const begin = '<!-- report: written by npm run bench -- --save -->';
const end = '<!-- end of the report -->';

export async function save(report: Report): Promise<void> {
  const rounded = JSON.stringify(report, (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(4)) : value,
  );
  await write('results.json', rounded);
  for (const plot of plots) {
    const svg = draw(plot, report.results);
    if (svg !== undefined) writeFileSync(here(plot.file), svg);
  }
  const readme = readFileSync(here('README.md'), 'utf8');
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error('bench/README.md has lost the marks around its report');
  const text = [begin, '', headOf(report), '', ...tables(report).map(markdown), ''].join('\n');
  await write('README.md', readme.slice(0, from) + text + readme.slice(to));
}

async function write(name: string, text: string): Promise<void> {
  const config = await resolveConfig(here(name));
  writeFileSync(here(name), await format(text, { ...config, filepath: here(name) }));
}

function here(name: string): string {
  return path.join(import.meta.dirname, name);
}
