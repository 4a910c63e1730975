import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What a browser asks for, by its path. */
export type Page = ReadonlyMap<string, { readonly type: string; readonly body: string }>;

/** Bundles the page's script, as it is now. */
export async function buildPage(): Promise<Page> {
  const file = (name: string) => fileURLToPath(new URL(`page/${name}`, import.meta.url));
  const [html, css, script] = await Promise.all([
    readFile(file('index.html'), 'utf8'),
    readFile(file('page.css'), 'utf8'),
    build({
      entryPoints: [file('main.ts')],
      bundle: true,
      platform: 'browser',
      target: 'es2022',
      conditions: ['es2015'], // rxjs has a smaller build for these
      sourcemap: 'inline',
      write: false,
    }),
  ]);
  return new Map([
    ['/', { type: 'text/html', body: html }],
    ['/page.css', { type: 'text/css', body: css }],
    ['/page.js', { type: 'text/javascript', body: script.outputFiles[0]!.text }],
  ]);
}

export function sendPage(res: ServerResponse, { type, body }: { type: string; body: string }): void {
  res.setHeader('content-type', `${type}; charset=utf-8`);
  res.setHeader('cache-control', 'no-store');
  res.setHeader('content-security-policy', "default-src 'self'; img-src 'self' data:"); // nothing from elsewhere
  res.end(body);
}
