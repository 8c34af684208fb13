import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account.ts';
import type { Handler } from './handler.ts';

export interface ScheduleArgs {
  project: string;
  region: string;
  purpose: string;
  /** In unix-cron format, in UTC. */
  schedule: string;
  /** How a call that fails is made again; it isn't unless said so. */
  retries?: gcp.types.input.cloudscheduler.JobRetryConfig;
  target: Handler;
  identity: Account;
}

/** Calls a handler by the clock, as an identity that may invoke it. */
export class Schedule extends pulumi.ComponentResource {
  constructor(name: string, args: ScheduleArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:Schedule', name, {}, opts);
    const { target, identity } = args;
    const mayInvoke = target.grantInvoker('scheduler', identity, `wakes ${target.name} by the clock`);
    new gcp.cloudscheduler.Job(
      name,
      {
        project: args.project,
        region: args.region,
        name,
        description: args.purpose,
        schedule: args.schedule,
        timeZone: 'Etc/UTC',
        // Longer than the function may take: a sweep cut short would count as failed.
        attemptDeadline: '600s',
        retryConfig: args.retries,
        httpTarget: {
          httpMethod: 'POST',
          uri: target.uri,
          headers: { 'Content-Type': 'application/json' },
          body: Buffer.from('{}').toString('base64'),
          oidcToken: { serviceAccountEmail: identity.email, audience: target.uri },
        },
      },
      { parent: this, dependsOn: mayInvoke },
    );
    this.registerOutputs();
  }
}
