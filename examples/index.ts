// Runs the examples one after the other. Each one also runs alone: node --import tsx examples/workers.ts

const examples = {
  workers: 'two workers, one context',
  slowOperation: 'a second of work under a deadline',
  values: 'what a request carries along',
  crawler: 'a site that fails and has no end, under one deadline',
  requests: 'real requests that stop when nobody waits for them',
};

for (const [name, about] of Object.entries(examples)) {
  console.log(`\n── ${name}: ${about} ${'─'.repeat(66 - name.length - about.length)}\n`);
  await import(`./${name}.js`);
}
