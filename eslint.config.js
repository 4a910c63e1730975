import js from '@eslint/js';
import { build } from 'esbuild';
import rxjsX from 'eslint-plugin-rxjs-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** The rules of this package, as its sources have them now. */
async function ownRules() {
  const { outputFiles } = await build({
    entryPoints: ['lib/eslint/index.ts'],
    bundle: true,
    format: 'esm',
    write: false,
  });
  const [{ text }] = outputFiles;
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)).default;
}

const ctx = await ownRules();

export default defineConfig(
  globalIgnores(['dist/', 'build/', 'coverage/', 'spec/adapters/grpc/generated/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked, rxjsX.configs.recommended],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // `() => subscriber.complete()` is how a listener is written, `return subscriber.error(err)` how one leaves.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // Linked lists know more than their types do; non-nullable-type-assertion-style asks for the `!` that this forbids.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Messages print milliseconds.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `using _ = cancel` is read by nobody on purpose.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['spec/**/*.ts'],
    rules: {
      // A callback that does nothing is a test double.
      '@typescript-eslint/no-empty-function': 'off',
      // Spies stand in for methods, and methods are compared.
      '@typescript-eslint/unbound-method': 'off',
      // unhandled-errors.ts fails a spec whose error nobody takes.
      'rxjs-x/no-ignored-error': 'off',
      // The codes of gRPC are compared as the numbers that they are on the wire.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
    },
  },
  {
    files: ['docs/**/*.ts', 'examples/**/*.ts', 'gateway/**/*.ts', 'playground/**/*.ts'],
    // It throws contexts away on purpose: what it draws is how they end.
    ignores: ['docs/site/pictures.ts'],
    extends: [ctx.configs.recommended, ctx.configs.rxjsX],
    settings: { 'rxjs-ctx': { modules: ['../lib/index.js', '../../lib/index.js'] } },
  },
  { files: ['**/*.js', '**/*.mjs'], languageOptions: { globals: globals.node } },
);
