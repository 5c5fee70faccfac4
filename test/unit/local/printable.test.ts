import { executionWords } from '../../../local/cli/execution-words.ts';
import { printable, printablePayload } from '../../../local/cli/printable.ts';

test('what a device sent cannot command the terminal that shows it', () => {
  expect(printable('meters/\u001b[2Jm001\u009b31m\ttab\n')).toBe('meters/\ufffd[2Jm001\ufffd31m\ttab\n');
  expect(printablePayload(Buffer.from('{"value":"\u001b]0;title\u0007"}'))).toBe('{"value":"\ufffd]0;title\ufffd"}');
});

test('bytes that are no text are shown in hexadecimal, 32 a line', () => {
  expect(printablePayload(Uint8Array.of(0x1f, 0x8b, 0xff))).toBe('1f8bff');
  const lines = printablePayload(new Uint8Array(40).fill(0xff)).split('\n');
  expect(lines.map((line) => line.length)).toEqual([64, 16]);
});

test('how a training or an issue of forecasts ended is said in words', () => {
  expect(executionWords('NothingToLearnFrom', '{"prepared":{}}')).toContain('too little history');
  expect(executionWords('ChampionStays', '{"runId":"r-1","reason":"mase is not better"}')).toBe(
    'r-1 was kept back by the gate: mase is not better',
  );
  expect(executionWords('Issued', '{"drifting":false,"recent":null,"baseline":null}')).toContain('are issued');
  expect(executionWords('Issued', '{"drifting":true,"recent":0.2,"baseline":0.1}')).toContain(
    '20.0 % of the mean load',
  );
  expect(executionWords('Judged', '{}')).toContain('Every meter is judged');
  expect(executionWords('Another', '{"a":1}')).toBe('{"a":1}');
});
