// Rows on the wire: a line of JSON each, written and read as they come.
import type { ServerResponse } from 'node:http';
import { defer, from, mergeMap, type Observable, type ReadableStreamLike } from 'rxjs';
import type { Context } from 'rxjs-ctx';

/** Answers with the rows, as they come. When ctx is done before that, the library answers. */
export function answer(ctx: Context, res: ServerResponse, rows$: Observable<unknown>): void {
  res.setHeader('content-type', 'application/x-ndjson');
  rows$.subscribe({
    next: (row) => res.write(`${JSON.stringify(row)}\n`),
    complete: () => res.end(),
    error: () => {
      if (ctx.err !== undefined) return;
      // An ordinary end would pass what came so far for all there is.
      if (res.headersSent) res.destroy();
      else res.writeHead(502).end();
    },
  });
}

/** The rows of an answer. Runs under the context of the `fetch`, which aborts the body. */
export function rowsOf<T>(response: Response): Observable<T> {
  const { body, status } = response;
  if (!response.ok || body === null) throw new Error(`answered ${status}`);
  return defer(() => {
    const decoder = new TextDecoder();
    let rest = '';
    return from(body as ReadableStreamLike<Uint8Array>).pipe(
      mergeMap((chunk) => {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop()!;
        return lines.map((line) => JSON.parse(line) as T);
      }),
    );
  });
}
