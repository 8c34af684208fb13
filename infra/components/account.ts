import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { type Grants, grant } from './grants.ts';

/** Google wants at least so many characters of a service account's id. */
const SHORTEST = 6;

/** A service account together with everything that it may do. */
export class Account extends pulumi.ComponentResource {
  readonly id: string;
  readonly email: pulumi.Output<string>;
  readonly member: pulumi.Output<string>;
  /** The account's resource name, `projects/P/serviceAccounts/E`. */
  readonly accountName: pulumi.Output<string>;

  constructor(
    id: string,
    args: { project: string; purpose: string } & { grants?: Grants },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('baton:index:Account', id, {}, opts);
    this.id = id;
    const account = new gcp.serviceaccount.Account(
      id,
      {
        project: args.project,
        accountId: id.length < SHORTEST ? `baton-${id}` : id,
        displayName: `Baton: ${args.purpose}`,
      },
      { parent: this },
    );
    this.email = account.email;
    this.member = pulumi.interpolate`serviceAccount:${account.email}`;
    this.accountName = account.name;
    grant(id, this.member, args.project, args.grants ?? {}, { parent: this });
    this.registerOutputs({ email: this.email });
  }
}
