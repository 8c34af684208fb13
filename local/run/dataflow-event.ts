import type { SourceEvent } from './eventarc.ts';

/** A job as Dataflow's API describes it, in the JSON names of its fields. */
export interface DataflowJob {
  id: string;
  name: string;
  projectId: string;
  location: string;
  currentState: string;
  [field: string]: unknown;
}

/** The event with which Dataflow tells of a job's new state. */
export function jobStatusChanged(job: DataflowJob, projectNumber: string): SourceEvent {
  const { projectId, location, name } = job;
  return {
    project: projectId,
    location,
    attributes: {
      type: 'google.cloud.dataflow.job.v1beta3.statusChanged',
      source: `//dataflow.googleapis.com/projects/${projectId}/locations/${location}`,
      subject: `jobs/${name}`,
      dataschema:
        'https://googleapis.github.io/google-cloudevents/proto/google/events/cloud/dataflow/v1beta3/data.proto#JobEventData',
      project: projectNumber,
      location,
      job: name,
    },
    data: { payload: job },
  };
}
