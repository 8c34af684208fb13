import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { EventTopic, type TopicArgs } from './event-topic.ts';
import { Grant, onTopic } from './grant.ts';

/** A notification channel of Cloud Monitoring that publishes alerts to a topic. */
export class AlertChannel extends pulumi.ComponentResource {
  /** `projects/P/topics/T` */
  readonly topic: pulumi.Output<string>;
  /** `projects/P/notificationChannels/N` */
  readonly channel: pulumi.Output<string>;

  constructor(
    name: string,
    args: TopicArgs & { projectNumber: string; purpose: string },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('baton:index:AlertChannel', name, {}, opts);
    const { project, projectNumber, purpose } = args;
    const { topic } = new EventTopic(name, args, { parent: this });
    const channel = new gcp.monitoring.NotificationChannel(
      name,
      { project, displayName: `Baton: ${purpose}`, type: 'pubsub', labels: { topic } },
      { parent: this },
    );
    const agent = `service-${projectNumber}@gcp-sa-monitoring-notification.iam.gserviceaccount.com`;
    const { iamMember } = new Grant(
      `monitoring-agent-${name}-pubsub.publisher`,
      {
        role: 'roles/pubsub.publisher',
        why: "publishes model monitoring's alerts",
        member: `serviceAccount:${agent}`,
        on: onTopic(project, topic),
      },
      // Cloud Monitoring brings this agent into being with the project's first channel of the type.
      { parent: this, dependsOn: channel },
    );
    this.topic = topic;
    this.channel = pulumi.all([channel.name, iamMember.id]).apply(([channelName]) => channelName);
    this.registerOutputs({ topic: this.topic, channel: this.channel });
  }
}
