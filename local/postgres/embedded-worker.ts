import { parentPort, workerData } from 'node:worker_threads';
import { openEmbedded } from './embedded-database.ts';

const { dataDir } = workerData as { dataDir: string };
const database = await openEmbedded(dataDir);

parentPort?.on('message', async (message: 'stop' | { id: number; bytes: Uint8Array }) => {
  if (message === 'stop') {
    await database.close();
    process.exit(0);
  }
  try {
    const answer = await database.execProtocolRaw(message.bytes);
    parentPort?.postMessage({ id: message.id, answer });
  } catch (failure) {
    parentPort?.postMessage({ id: message.id, failure: failure instanceof Error ? failure.message : String(failure) });
  }
});
parentPort?.postMessage({ ready: true });
