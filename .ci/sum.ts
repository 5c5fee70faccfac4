import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Adds up what every suite reported (Jest's JSON) and prints one line; exits 1 on any failure or when nothing ran. */
const [folder = '', stepsFailed = '1'] = process.argv.slice(2);
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, number | undefined>;
  sum.passed += report.numPassedTests ?? 0;
  sum.failed += (report.numFailedTests ?? 0) + (report.numRuntimeErrorTestSuites ?? 0);
  sum.skipped += (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
}
if (stepsFailed !== '0' && sum.failed === 0) sum.failed = 1;
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;
