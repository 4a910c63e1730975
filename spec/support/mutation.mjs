// The specs that judge mutants: all that run the library itself, but those that measure time, start processes or run other
// people's frameworks. The quick ones come first, for a mutant is done with as soon as one spec fails; of the laws a taste is
// enough.
process.env.RXJS_CTX_HISTORIES ??= '500';
process.env.RXJS_CTX_SEED ??= '1';

export default {
  spec_dir: 'spec',
  spec_files: [
    '{conformance,core,faults,observables,operators,testing}/**/!(depth|tree.leaks.node).spec.ts',
    'adapters/*.spec.ts',
    'interop/copies.node.spec.ts',
    '{laws,model}/*.spec.ts',
    'core/tree.leaks.node.spec.ts',
    'adapters/http/*.spec.ts',
    'adapters/node/!(chain.node|frameworks.node|load.node).spec.ts',
  ],
  helpers: ['support/**/*.ts'],
  env: { forbidDuplicateNames: true, failSpecWithNoExpectations: true },
};
