import type { Config } from 'jest';

/** One project per suite: `npm test` runs all of them, `npm test -- --selectProjects unit` one. */
const suite = (displayName: string, folder: string, extra: Record<string, unknown> = {}) => ({
  displayName,
  rootDir: import.meta.dirname,
  testMatch: [`<rootDir>/${folder}/**/*.test.ts`],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', tsx: false },
          transform: { react: { runtime: 'automatic', importSource: 'preact' } },
        },
        module: { type: 'es6' },
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/cdk.out', '<rootDir>/.local', '<rootDir>/.cache'],
  ...extra,
});

const config: Config = {
  // One more than the two cores it is meant for: a stack under test waits much of its time.
  maxWorkers: 3,
  testTimeout: 60_000,
  projects: [
    suite('unit', 'test/unit'),
    suite('contract', 'test/contract'),
    suite('infra', 'test/infra'),
    suite('local', 'test/local'),
    suite('e2e', 'test/e2e'),
    suite('outside', 'test/outside'),
    suite('browser', 'test/browser'),
  ],
};

export default config;
