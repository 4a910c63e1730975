// What Go's vet calls a lost cancel, and what it lets pass, next to the same in JavaScript.

/** A body of a function in both languages. `c` is a context; `cond()` is sometimes true, `work(ctx)` does something. */
export interface Case {
  readonly name: string;
  readonly go: string;
  readonly js: string;
  readonly lost: boolean;
}

const derive = { go: 'ctx, cancel := context.WithCancel(c)', js: 'const [ctx, cancel] = withCancel(c);' };

/** The second statement and those after it, below the one that derives. */
function after(name: string, lost: boolean, go: string, js: string): Case {
  return { name, lost, go: `${derive.go}\n${go}`, js: `${derive.js}\n${js}` };
}

export const cases: readonly Case[] = [
  // Thrown away.
  {
    name: 'an underscore, or nothing, in place of cancel',
    go: 'ctx, _ := context.WithCancel(c)\nwork(ctx)',
    js: 'const [ctx] = withCancel(c);\nwork(ctx);',
    lost: true,
  },
  {
    name: 'the same for a timeout',
    go: 'ctx, _ := context.WithTimeout(c, time.Second)\nwork(ctx)',
    js: 'const [ctx] = withTimeout(c, 1000);\nwork(ctx);',
    lost: true,
  },
  {
    name: 'the same for a deadline',
    go: 'ctx, _ := context.WithDeadline(c, time.Now())\nwork(ctx)',
    js: 'const [ctx] = withDeadline(c, new Date());\nwork(ctx);',
    lost: true,
  },
  {
    name: 'an assignment that leaves cancel out',
    go: 'var ctx context.Context\nctx, _ = context.WithCancel(c)\nwork(ctx)',
    js: 'let ctx;\n[ctx] = withCancel(c);\nwork(ctx);',
    lost: true,
  },
  // Used on every path.
  after('a deferred call', false, 'defer cancel()\nwork(ctx)', 'try { work(ctx); } finally { cancel(); }'),
  after('a call at the end', false, 'work(ctx)\ncancel()', 'work(ctx);\ncancel();'),
  after('a call at once', false, 'cancel()\nwork(ctx)', 'cancel();\nwork(ctx);'),
  after(
    'a deferred closure',
    false,
    'defer func() { cancel() }()\nwork(ctx)',
    'using _ = { [Symbol.dispose]: () => cancel() };\nwork(ctx);',
  ),
  after(
    'a call in both branches',
    false,
    'if cond() { cancel() } else { cancel() }\nwork(ctx)',
    'if (cond()) { cancel(); } else { cancel(); }\nwork(ctx);',
  ),
  after(
    'a call in each branch that returns',
    false,
    'if cond() { cancel(); return }\nwork(ctx)\ncancel()',
    'if (cond()) { cancel(); return; }\nwork(ctx);\ncancel();',
  ),
  after('handed to a function', false, 'work(ctx)\nkeep(cancel)', 'work(ctx);\nkeep(cancel);'),
  after(
    'kept in a variable',
    false,
    'work(ctx)\nother := cancel\nother()',
    'work(ctx);\nconst other = cancel;\nother();',
  ),
  after(
    'mentioned in a nested function',
    false,
    'keep(func() { cancel() })\nwork(ctx)',
    'keep(() => cancel());\nwork(ctx);',
  ),
  after(
    'mentioned in a goroutine',
    false,
    'go func() { work(ctx); cancel() }()',
    'void (async () => { await work(ctx); cancel(); })();',
  ),
  after('assigned to nothing', false, '_ = cancel\nwork(ctx)', 'void cancel;\nwork(ctx);'),
  after('compared', false, 'if cancel != nil { work(ctx) }', 'if (cancel !== undefined) { work(ctx); }'),
  after(
    'put into a map',
    false,
    'm := map[string]func(){"a": cancel}\nuse(m)\nwork(ctx)',
    'const m = { a: cancel };\nuse(m);\nwork(ctx);',
  ),
  after(
    'put into a list',
    false,
    'm := []func(){cancel}\nuse(m)\nwork(ctx)',
    'const m = [cancel];\nuse(m);\nwork(ctx);',
  ),
  after(
    'called in an endless loop that is left by it',
    false,
    'for { if cond() { cancel(); break } }\nwork(ctx)',
    'for (;;) { if (cond()) { cancel(); break; } }\nwork(ctx);',
  ),
  after(
    'called in every case of a switch',
    false,
    'switch num() { case 1: cancel(); default: cancel() }\nwork(ctx)',
    'switch (num()) { case 1: cancel(); break; default: cancel(); }\nwork(ctx);',
  ),
  after('called in the condition', false, 'if stop(cancel) { work(ctx) }', 'if (stop(cancel)) { work(ctx); }'),
  after(
    'called before a loop',
    false,
    'keep(cancel)\nfor cond() { work(ctx) }',
    'keep(cancel);\nwhile (cond()) { work(ctx); }',
  ),
  after(
    'a panic is no return',
    false,
    'if cond() { panic("no") }\nwork(ctx)\ncancel()',
    'if (cond()) { throw new Error("no"); }\nwork(ctx);\ncancel();',
  ),
  after(
    'nothing but a panic comes after it',
    false,
    'if cond() { cancel() }\nwork(ctx)\npanic("no")',
    'if (cond()) { cancel(); }\nwork(ctx);\nthrow new Error("no");',
  ),
  after(
    'an endless loop never returns',
    false,
    'if cond() { cancel() }\nfor { work(ctx) }',
    'if (cond()) { cancel(); }\nfor (;;) { work(ctx); }',
  ),
  // Lost on some path.
  after(
    'an early return',
    true,
    'if cond() { return }\nwork(ctx)\ncancel()',
    'if (cond()) { return; }\nwork(ctx);\ncancel();',
  ),
  after(
    'a call in one branch alone',
    true,
    'if cond() { cancel() }\nwork(ctx)',
    'if (cond()) { cancel(); }\nwork(ctx);',
  ),
  after(
    'a call in the other branch alone',
    true,
    'if cond() { work(ctx) } else { cancel() }',
    'if (cond()) { work(ctx); } else { cancel(); }',
  ),
  after(
    'a switch without a default',
    true,
    'switch num() { case 1: cancel(); case 2: cancel() }\nwork(ctx)',
    'switch (num()) { case 1: cancel(); break; case 2: cancel(); }\nwork(ctx);',
  ),
  after(
    'a case that returns',
    true,
    'switch num() { case 1: return; default: cancel() }\nwork(ctx)',
    'switch (num()) { case 1: return; default: cancel(); }\nwork(ctx);',
  ),
  after(
    'a call in a loop that may not run',
    true,
    'for cond() { cancel() }\nwork(ctx)',
    'while (cond()) { cancel(); }\nwork(ctx);',
  ),
  after(
    'a call in a loop over nothing',
    true,
    'for range list() { cancel() }\nwork(ctx)',
    'for (const _ of list()) { cancel(); }\nwork(ctx);',
  ),
  after(
    'a loop that is left before the call',
    true,
    'for { if cond() { break }\ncancel() }\nwork(ctx)',
    'for (;;) { if (cond()) { break; } cancel(); }\nwork(ctx);',
  ),
  after(
    'a return from within a loop',
    true,
    'for cond() { if num() > 1 { return } }\nwork(ctx)\ncancel()',
    'while (cond()) { if (num() > 1) { return; } }\nwork(ctx);\ncancel();',
  ),
  after(
    'the second of two returns',
    true,
    'if cond() { cancel(); return }\nif num() > 1 { return }\nwork(ctx)\ncancel()',
    'if (cond()) { cancel(); return; }\nif (num() > 1) { return; }\nwork(ctx);\ncancel();',
  ),
  after(
    'deferred after an early return',
    true,
    'if cond() { return }\ndefer cancel()\nwork(ctx)',
    'if (cond()) { return; }\ntry { work(ctx); } finally { cancel(); }',
  ),
  after(
    'a labeled break',
    true,
    'outer:\nfor { for { if cond() { break outer }\ncancel() } }\nwork(ctx)',
    'outer: for (;;) { for (;;) { if (cond()) { break outer; } cancel(); } }\nwork(ctx);',
  ),
  // Loops that derive.
  {
    name: 'derived and canceled in each pass',
    go: 'for cond() { ctx, cancel := context.WithCancel(c); work(ctx); cancel() }',
    js: 'while (cond()) { const [ctx, cancel] = withCancel(c); work(ctx); cancel(); }',
    lost: false,
  },
  {
    name: 'derived in each pass, which may go on to the next',
    go: 'for cond() { ctx, cancel := context.WithCancel(c); if num() > 1 { continue }\nwork(ctx); cancel() }',
    js: 'while (cond()) { const [ctx, cancel] = withCancel(c); if (num() > 1) { continue; } work(ctx); cancel(); }',
    lost: true,
  },
  {
    name: 'derived in each pass, which may leave the loop',
    go: 'for { ctx, cancel := context.WithCancel(c); if num() > 1 { break }\nwork(ctx); cancel() }',
    js: 'for (;;) { const [ctx, cancel] = withCancel(c); if (num() > 1) { break; } work(ctx); cancel(); }',
    lost: true,
  },
  // Nested functions and variables of others.
  {
    name: 'a nested function that loses it',
    go: 'keep(func() { ctx, cancel := context.WithCancel(c); if cond() { return }\nwork(ctx); cancel() })',
    js: 'keep(() => { const [ctx, cancel] = withCancel(c); if (cond()) { return; } work(ctx); cancel(); });',
    lost: true,
  },
  {
    name: 'a nested function that keeps it',
    go: 'keep(func() { ctx, cancel := context.WithCancel(c); defer cancel()\nwork(ctx) })',
    js: 'keep(() => { const [ctx, cancel] = withCancel(c); try { work(ctx); } finally { cancel(); } });',
    lost: false,
  },
  {
    name: 'a variable of the function around it',
    go: 'var ctx context.Context\nvar cancel context.CancelFunc\nkeep(func() { ctx, cancel = context.WithCancel(c); work(ctx) })\nkeep(cancel)',
    js: 'let ctx, cancel;\nkeep(() => { [ctx, cancel] = withCancel(c); work(ctx); });\nkeep(cancel);',
    lost: false,
  },
  {
    name: 'declared before it is assigned',
    go: 'var ctx context.Context\nvar cancel context.CancelFunc\nctx, cancel = context.WithCancel(c)\nif cond() { return }\nwork(ctx)\ncancel()',
    js: 'let ctx, cancel;\n[ctx, cancel] = withCancel(c);\nif (cond()) { return; }\nwork(ctx);\ncancel();',
    lost: true,
  },
  {
    name: 'assigned to a field',
    go: 'var s struct { cancel func() }\nvar ctx context.Context\nctx, s.cancel = context.WithCancel(c)\nwork(ctx)\nuse(s)',
    js: 'const s = {};\nlet ctx;\n[ctx, s.cancel] = withCancel(c);\nwork(ctx);\nuse(s);',
    lost: false,
  },
];
