import { Linter } from 'eslint';
import plugin from '../../../lib/eslint/index.js';

describe('the rules for ESLint', () => {
  it('find a lost cancel', () => {
    const code =
      "import { withCancel } from 'rxjs-ctx';\nexport const f = (c) => { const [ctx, cancel] = withCancel(c); if (c) return; cancel(ctx); };\n";
    const messages = new Linter().verify(code, [plugin.configs.recommended] as never, 'file.js');
    expect(messages.map(({ ruleId, line }) => [ruleId, line])).toEqual([['rxjs-ctx/no-lost-cancel', 2]]);
  });
});
