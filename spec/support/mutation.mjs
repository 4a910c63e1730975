// The specs that judge mutants: all that run the library itself, but those that measure time. The long ones come last, for
// a mutant is done with as soon as one spec fails.
export default {
  spec_dir: 'spec',
  spec_files: [
    '{conformance,core,faults,observables,operators,adapters,testing}/**/!(depth|tree.node).spec.ts',
    'core/tree.node.spec.ts',
  ],
  helpers: ['support/**/*.ts'],
  env: { forbidDuplicateNames: true, failSpecWithNoExpectations: true },
};
