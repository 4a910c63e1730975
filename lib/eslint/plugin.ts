import { ctxFirstParameter } from './ctxFirstParameter.js';
import { noCtxInField } from './noCtxInField.js';
import { noLostCancel } from './noLostCancel.js';
import { preferCtxSignal } from './preferCtxSignal.js';

/** A rule, as ESLint 9 and 10 take it. */
export interface CtxRule {
  /** What it is about, for ESLint and for editors. */
  readonly meta: object;
  /** Called by ESLint for every file. */
  create(context: never): Record<string, (node: unknown) => void>;
}

/** The options of a rule that somebody else has made. */
export interface CtxRuleOptions {
  /** Names that the rule takes for one of its own. */
  alias: string[];
}

/** An element of a flat configuration. */
export interface CtxConfig {
  /** For ESLint's inspector. */
  readonly name: string;
  /** What the configuration leaves alone. */
  readonly ignores?: string[];
  /** This plugin. */
  readonly plugins?: Record<string, CtxPlugin>;
  /** What is reported, and how. */
  readonly rules: Record<string, 'error' | 'warn' | 'off' | ['error', CtxRuleOptions]>;
}

/** The plugin: see {@link rules} and {@link configs}. */
export interface CtxPlugin {
  /** Its name, for ESLint's cache and its inspector. */
  readonly meta: {
    /** That of the entry point. */
    readonly name: string;
    /** What stands before the names of the rules. */
    readonly namespace: string;
  };
  /** By their names, without the prefix. */
  readonly rules: Record<RuleName, CtxRule>;
  /** Ready to be used. */
  readonly configs: Record<'recommended' | 'rxjsX', CtxConfig>;
}

/** The rules that there are. */
export type RuleName = 'no-lost-cancel' | 'ctx-first-parameter' | 'no-ctx-in-field' | 'prefer-ctx-signal';

/** The rules by their names: for a configuration of your own. */
export const rules: CtxPlugin['rules'] = {
  'no-lost-cancel': noLostCancel as unknown as CtxRule,
  'ctx-first-parameter': ctxFirstParameter as unknown as CtxRule,
  'no-ctx-in-field': noCtxInField as unknown as CtxRule,
  'prefer-ctx-signal': preferCtxSignal as unknown as CtxRule,
};

/** Tests derive contexts and leave them, by nature. */
const tests = ['**/*.spec.*', '**/*.test.*'];

/**
 * Ready-made configurations: `recommended`, and `rxjsX`, which tells eslint-plugin-rxjs-x that `takeUntilCtx` and `throwOnCtx` come
 * last in a `pipe`, as `takeUntil` does.
 *
 * @example
 * ```ts
 * import ctx from 'rxjs-ctx/eslint';
 * export default [ctx.configs.recommended];
 * ```
 */
export const configs: CtxPlugin['configs'] = {
  recommended: {
    name: 'rxjs-ctx/recommended',
    ignores: tests,
    get plugins() {
      return { 'rxjs-ctx': plugin };
    },
    rules: {
      'rxjs-ctx/no-lost-cancel': 'error',
      'rxjs-ctx/ctx-first-parameter': 'warn',
      'rxjs-ctx/prefer-ctx-signal': 'warn',
    },
  },
  rxjsX: {
    name: 'rxjs-ctx/rxjs-x',
    rules: { 'rxjs-x/no-unsafe-takeuntil': ['error', { alias: ['takeUntilCtx', 'throwOnCtx'] }] },
  },
};

/** The plugin, for a flat configuration of ESLint 9 or 10. */
export const plugin: CtxPlugin = { meta: { name: 'rxjs-ctx/eslint', namespace: 'rxjs-ctx' }, rules, configs };
