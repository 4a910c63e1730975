// Values travel with a context, under typed keys: what belongs to a request, never what a function needs to work.

import { from } from 'rxjs';
import { background, type Context, contextKey, type ContextKey, ctxValue, withValue } from 'rxjs-ctx';

const language = contextKey<string>('language');
const color = contextKey<string>('color');

function lookUp(ctx: Context, key: ContextKey<string>): string {
  const value = ctx.value(key);
  return value === undefined ? `key not found: ${key.name}` : `found value: ${value}`;
}

const ctx = withValue(background(), language, 'Go');
console.log(lookUp(ctx, language));
console.log(lookUp(ctx, color));

// In a pipeline: every value of the source, together with the one that the context holds.
from(['chan', 'select'])
  .pipe(ctxValue(ctx, language, (word, language) => `${word} is a keyword of ${language}`))
  .subscribe((line) => console.log(line));
