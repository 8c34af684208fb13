import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { StatusError } from '../status.ts';
import { type AttemptPorts, attempt, backoffMs } from './attempts.ts';
import { type Clock, machineClock, ScheduleTime } from './clock.ts';
import { type CronSchedule, parseCron } from './cron.ts';
import { type Job, type JobDeclaration, jobSpec } from './job.ts';

export interface SchedulerOptions extends AttemptPorts {
  /** The local cloud's state folder; jobs are kept in its `scheduler/`. */
  stateDir: string;
  clock?: Clock;
  /** How long a minute of the schedules is, in milliseconds; 60000 is real time. */
  minuteMs?: number;
}

/** A job and its timer. */
interface Running {
  job: Job;
  cron: CronSchedule;
  /** Calls off the next run, or the wait for a retry. */
  cancelNext: () => void;
  inFlight: boolean;
  /** Someone asked for a run while one was in flight. */
  runAgain: boolean;
  deleted: boolean;
}

/** Cloud Scheduler. A job never overlaps with itself: a time that comes while a run is in flight is skipped. */
export class Scheduler {
  readonly #ports: AttemptPorts;
  readonly #clock: Clock;
  readonly #time: ScheduleTime;
  readonly #file: string;
  readonly #jobs = new Map<string, Running>();
  #closed = false;

  constructor(options: SchedulerOptions) {
    this.#ports = options;
    this.#clock = options.clock ?? machineClock;
    this.#time = new ScheduleTime(this.#clock, options.minuteMs ?? 60_000);
    this.#file = path.join(options.stateDir, 'scheduler', 'jobs.json');
    mkdirSync(path.dirname(this.#file), { recursive: true });
    if (!existsSync(this.#file)) return;
    for (const job of JSON.parse(readFileSync(this.#file, 'utf8')) as Job[]) this.#install(job);
  }

  /** Throws ALREADY_EXISTS, or INVALID_ARGUMENT for what is no job. */
  createJob(declaration: JobDeclaration): Job {
    if (this.#jobs.has(declaration.name)) {
      throw new StatusError('ALREADY_EXISTS', `Job already exists: ${declaration.name}`);
    }
    return this.#put(declaration);
  }

  /** Makes the job as declared, whether or not an earlier start left one of its name. */
  declareJob(declaration: JobDeclaration): Job {
    return this.#put(declaration);
  }

  /** Replaces a job; a paused one stays so. Throws NOT_FOUND or INVALID_ARGUMENT. */
  updateJob(declaration: JobDeclaration): Job {
    const { state } = this.getJob(declaration.name);
    return this.#put({ ...declaration, paused: state === 'PAUSED' });
  }

  /** Throws NOT_FOUND. */
  getJob(name: string): Job {
    return this.#get(name).job;
  }

  /** The jobs of a location, by name. */
  listJobs(parent: string): Job[] {
    return [...this.#jobs.values()]
      .map(({ job }) => job)
      .filter(({ name }) => name.startsWith(`${parent}/jobs/`))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Throws NOT_FOUND. An attempt in flight goes on to its end. */
  deleteJob(name: string): void {
    this.#remove(this.#get(name));
    this.#save();
  }

  /** Throws NOT_FOUND, or FAILED_PRECONDITION for a job that isn't enabled. */
  pauseJob(name: string): Job {
    const running = this.#get(name);
    if (running.job.state === 'PAUSED') {
      throw new StatusError('FAILED_PRECONDITION', `Job is already paused: ${name}`);
    }
    running.job = { ...running.job, state: 'PAUSED' };
    this.#scheduleNext(running);
    this.#save();
    return running.job;
  }

  /** Throws NOT_FOUND, or FAILED_PRECONDITION for a job that isn't paused. */
  resumeJob(name: string): Job {
    const running = this.#get(name);
    if (running.job.state !== 'PAUSED') {
      throw new StatusError('FAILED_PRECONDITION', `Job is not paused: ${name}`);
    }
    running.job = { ...running.job, state: 'ENABLED' };
    this.#scheduleNext(running);
    this.#save();
    return running.job;
  }

  /** Starts a run now, or right after the one in flight. Throws NOT_FOUND. */
  runJob(name: string): Job {
    const running = this.#get(name);
    if (running.inFlight) running.runAgain = true;
    else void this.#run(running, this.#clock.now());
    return running.job;
  }

  /** Ends all schedules; attempts in flight are not retried. */
  close(): void {
    this.#closed = true;
    for (const { cancelNext } of this.#jobs.values()) cancelNext();
    // When each job last ran changes with every run, and is written once.
    this.#save();
  }

  #put(declaration: JobDeclaration): Job {
    const spec = jobSpec(declaration);
    const previous = this.#jobs.get(spec.name);
    const job: Job = {
      ...spec,
      state: declaration.paused ? 'PAUSED' : 'ENABLED',
      userUpdateTime: this.#clock.now(),
      ...(previous?.job.lastAttemptTime === undefined
        ? {}
        : { lastAttemptTime: previous.job.lastAttemptTime }),
      ...(previous?.job.status === undefined ? {} : { status: previous.job.status }),
    };
    const installed = this.#install(job);
    this.#save();
    return installed.job;
  }

  #install(job: Job): Running {
    const cron = parseCron(job.schedule, job.timeZone);
    cron.next(this.#time.now());
    const present = this.#jobs.get(job.name);
    const running: Running = present ?? {
      job,
      cron,
      cancelNext: () => {},
      inFlight: false,
      runAgain: false,
      deleted: false,
    };
    running.job = job;
    running.cron = cron;
    this.#jobs.set(job.name, running);
    this.#scheduleNext(running);
    return running;
  }

  #remove(running: Running): void {
    running.cancelNext();
    running.deleted = true;
    this.#jobs.delete(running.job.name);
  }

  /** Waits for the schedule's next time after the one that just came, or after now. */
  #scheduleNext(running: Running, justCame = 0): void {
    running.cancelNext();
    const { scheduleTime: _scheduleTime, ...job } = running.job;
    running.job = job;
    if (job.state === 'PAUSED' || this.#closed) return;
    // A timer may fire a little early; the time that it fired for must not come again.
    const due = running.cron.next(Math.max(justCame, this.#time.now()));
    running.job = { ...job, scheduleTime: this.#time.toReal(due) };
    running.cancelNext = this.#time.at(due, () => this.#tick(running, due));
  }

  #tick(running: Running, due: number): void {
    this.#scheduleNext(running, due);
    if (!running.inFlight) void this.#run(running, this.#time.toReal(due));
  }

  /** One run: an attempt, and as many retries as the job allows. */
  async #run(running: Running, scheduledFor: number): Promise<void> {
    running.inFlight = true;
    const startedAt = this.#time.now();
    for (let retries = 0; ; ) {
      const { job } = running;
      const lastAttemptTime = this.#clock.now();
      const status = await attempt(job, new Date(scheduledFor), this.#ports);
      running.job = { ...running.job, lastAttemptTime, status };
      if (status.code === 0 || this.#closed || running.deleted) break;
      const { retryConfig } = running.job;
      if (++retries > retryConfig.retryCount) break;
      const wait = backoffMs(retryConfig, retries);
      const limit = retryConfig.maxRetryDurationMs;
      if (limit > 0 && this.#time.now() - startedAt + wait > limit) break;
      await new Promise<void>((resolve) => void this.#time.after(wait, resolve));
      if (this.#closed || running.deleted) break;
    }
    running.inFlight = false;
    if (this.#closed || running.deleted) return;
    if (!running.runAgain) return;
    running.runAgain = false;
    void this.#run(running, this.#clock.now());
  }

  #get(name: string): Running {
    const running = this.#jobs.get(name);
    if (running) return running;
    throw new StatusError('NOT_FOUND', `Job not found: ${name}`);
  }

  #save(): void {
    const jobs = [...this.#jobs.values()].map(({ job }) => job);
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(jobs, null, 2)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
