// The entry point of `rxjs-ctx/eslint`.
export { configs, plugin as default, rules } from './plugin.js';
export type { CtxConfig, CtxPlugin, CtxRule, CtxRuleOptions, RuleName } from './plugin.js';
