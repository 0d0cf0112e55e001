// Who may import whom. infra/check/canary proves that a breach is reported.

/**
 * The walker over swc's syntax trees does not know `using` and `await using`, and gives up on a file that has one.
 * They are declarations like any other.
 */
const { Visitor } = require('@swc/core/Visitor.js');
const { visitStatement } = Object.getOwnPropertyDescriptors(Visitor.prototype);
Visitor.prototype.visitStatement = function visitAnyStatement(statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.value.call(this, statement);
  this.visitVariableDeclarators(statement.decls);
  return statement;
};

const services = '^services/([^/]+)/';

/** The packages that each package may import, itself apart. A package that is not named here may import every one. */
const allowed = {
  domain: [],
  contracts: ['domain'],
  smtp: ['domain'],
  template: ['domain'],
  messaging: ['contracts'],
  db: ['domain'],
  telemetry: [],
  process: ['telemetry'],
  'http-api': ['bounce', 'contracts', 'db', 'telemetry'],
  'provider-sim': ['contracts'],
};

const packageLaws = Object.entries(allowed).map(([name, others]) => ({
  name: `packages-${name}`,
  comment: `packages/${name} imports ${others.length === 0 ? 'no other package' : `only ${others.join(', ')}`}.`,
  severity: 'error',
  from: { path: `^packages/${name}/src/` },
  to: { path: '^(packages|services|infra|bench|test-e2e)/', pathNot: `^packages/(${[name, ...others].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...packageLaws,
    {
      name: 'domain-is-pure',
      comment: 'packages/domain knows neither Node nor any library.',
      severity: 'error',
      from: { path: '^packages/domain/src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'contracts-are-data',
      comment: 'packages/contracts imports typebox and the domain, nothing else.',
      severity: 'error',
      from: { path: '^packages/contracts/src/', pathNot: '\\.test\\.ts$' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'],
        pathNot: 'node_modules/typebox/',
      },
    },
    {
      name: 'no-service-imports-another',
      comment: 'Services meet on the queue and in Postgres only.',
      severity: 'error',
      from: { path: services },
      to: { path: services, pathNot: '^services/$1/' },
    },
    {
      name: 'services-import-packages-only',
      severity: 'error',
      from: { path: '^services/[^/]+/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(infra|bench|test-e2e)/' },
    },
    {
      name: 'nobody-imports-a-service',
      comment: 'Stacks, stories and benchmarks start services as processes.',
      severity: 'error',
      from: { path: '^(packages|infra|bench|test-e2e)/' },
      to: { path: '^services/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'contracts-know-only-types-of-the-domain',
      severity: 'error',
      from: { path: '^packages/contracts/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/domain/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^packages/db/src/generated/', '^infra/check/canary/'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
