import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that a system gives to connections and to whoever names none (from 32768 on Linux, from 49152 on
 * macOS): between the choice of a port and the moment when its process listens, none of these can take it.
 */
const FIRST = 10_240;
const LAST = 32_767;

/** Begins anywhere, so that clouds that run side by side don't ask for the same ports; goes on, so that one doesn't. */
let next = FIRST + Math.floor(Math.random() * (LAST - FIRST));

/** As many different ports of this machine as asked for, on which nobody listens. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = next;
    next = port === LAST ? FIRST : port + 1;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  await once(server.close(), 'close');
  return true;
}
