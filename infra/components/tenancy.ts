import type { Input, Output } from '@pulumi/pulumi';
import type { Settings } from '../settings.ts';
import type { Account } from './account.ts';
import type { FunctionSource } from './function-source.ts';
import type { ServiceAgents } from './service-agents.ts';

/** What all handlers of one project have in common. */
export interface Tenancy {
  settings: Settings;
  /** The key that everything is encrypted under, granted; none for keys of Google's. */
  kmsKey: Output<string> | undefined;
  agents: ServiceAgents;
  source: FunctionSource;
  /** The identity with which Pub/Sub and Eventarc call functions. */
  pushIdentity: Account;
  /** The functions' environment variables. */
  variables: Record<string, Input<string>>;
}
