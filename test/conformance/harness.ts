import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GrpcModule, Lint, RestModule } from '../../local/boundaries.ts';
import type { BeforeCall } from '../../local/grpc/server.ts';
import { connectThisProcess } from '../../local/network/connect.ts';
import { LocalNetwork } from '../../local/network/network.ts';

export interface Services {
  network: LocalNetwork;
  /** What clients did wrong unnoticed, so far. */
  lints: Lint[];
  /** Ends every server, and removes the state unless the test gave its own folder. */
  close(): Promise<void>;
}

/** The test process's own identity. */
export const TEST_PROJECT = 'test-project';
export const TEST_PRINCIPAL = `user:tester@${TEST_PROJECT}.example`;

/**
 * Serves the modules and leads this process's Google clients to them, as `TEST_PRINCIPAL` in `TEST_PROJECT`.
 * Import the clients after it (`await import('@google-cloud/pubsub')`) and construct them without options.
 */
export async function startServices(options: {
  grpc?: GrpcModule[];
  rest?: RestModule[];
  stateDir?: string;
  beforeCall?: BeforeCall;
  onLint?: (lint: Lint) => void;
  onFault?: (subject: string, error: unknown) => void;
}): Promise<Services> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'baton-test-'));
  const lints: Lint[] = [];
  const network = await LocalNetwork.open({
    stateDir,
    onLint: (lint) => {
      lints.push(lint);
      options.onLint?.(lint);
    },
    ...(options.onFault && { onFault: options.onFault }),
  });
  const { grpc, rest, beforeCall } = options;
  await network.serve({ grpc: grpc ?? [], rest: rest ?? [], ...(beforeCall && { beforeCall }) });
  const user = TEST_PRINCIPAL.replace('user:', '');
  await connectThisProcess(await network.environment({ user, project: TEST_PROJECT }));
  return {
    network,
    lints,
    close: async () => {
      await network.close();
      if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
