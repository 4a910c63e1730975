// A configuration of ESLint takes the plugin as it is, in both versions.
import { defineConfig } from 'eslint/config';
import { defineConfig as defineConfig9 } from 'eslint-9/config';
import ctx, { configs, rules } from '../../lib/eslint/index.js';

export default defineConfig(ctx.configs.recommended, configs.rxjsX, {
  files: ['**/*.ts'],
  extends: [configs.recommended],
  plugins: { own: { rules } },
  rules: { 'rxjs-ctx/no-ctx-in-field': 'error' },
});

export const nine = defineConfig9(ctx.configs.recommended, configs.rxjsX, { plugins: { ctx } });
