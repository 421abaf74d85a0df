// What every program says of itself: process_… as Prometheus's Go client names it, nodejs_… for the main thread. Read when
// asked for; no timers.

import {readdirSync, readFileSync} from 'node:fs';
import {getHeapStatistics} from 'node:v8';
import {performance} from 'node:perf_hooks';
import type {FamilyList} from './families.ts';

/** Where there is no /proc, these are left out. */
const proc = '/proc/self';

let loopBefore = performance.eventLoopUtilization();

export function addProcessFamilies(list: FamilyList): void {
  const cpu = process.cpuUsage();
  list.counter(
    'process_cpu_seconds_total',
    'CPU time of all threads, in user and kernel mode.',
    (cpu.user + cpu.system) / 1e6,
  );
  list.gauge(
    'process_start_time_seconds',
    'When the process started, in seconds since 1970.',
    performance.timeOrigin / 1000,
  );
  list.gauge(
    'process_resident_memory_bytes',
    'Memory of the process that is in RAM.',
    process.memoryUsage.rss(),
  );
  list.gauge('process_virtual_memory_bytes', 'Address space of the process.', readStatusBytes('VmSize'));
  list.gauge('process_open_fds', 'Open file descriptors.', countFileDescriptors());
  list.gauge('process_max_fds', 'File descriptors that may be open.', readFileDescriptorsMax());
  addNodeFamilies(list);
}

function addNodeFamilies(list: FamilyList): void {
  const {heapTotal, heapUsed, external, arrayBuffers} = process.memoryUsage();
  const thread = 'of the main thread';
  list.gauge('nodejs_heap_size_total_bytes', `JavaScript heap ${thread}.`, heapTotal);
  list.gauge('nodejs_heap_size_used_bytes', `JavaScript heap in use ${thread}.`, heapUsed);
  list.gauge(
    'nodejs_heap_size_limit_bytes',
    `Largest JavaScript heap ${thread}.`,
    getHeapStatistics().heap_size_limit,
  );
  list.gauge(
    'nodejs_external_memory_bytes',
    `Memory that JavaScript objects ${thread} hold outside.`,
    external,
  );
  list.gauge('nodejs_array_buffer_bytes', `Memory of array buffers ${thread}.`, arrayBuffers);
  const loop = performance.eventLoopUtilization();
  const {utilization} = performance.eventLoopUtilization(loop, loopBefore);
  loopBefore = loop;
  list.gauge(
    'nodejs_eventloop_utilization_ratio',
    `Share of the time since this was last read in which the event loop ${thread} was busy.`,
    Number.isFinite(utilization) ? utilization : 0,
  );
  list.gauge(
    'nodejs_active_resources',
    `What keeps the event loop ${thread} alive.`,
    process.getActiveResourcesInfo().length,
  );
  list.gauge('nodejs_version_info', 'The runtime.', 1, {version: process.version});
}

function readStatusBytes(field: string): number | undefined {
  const text = readText(`${proc}/status`);
  const kilobytes = new RegExp(`^${field}:\\s+([0-9]+) kB$`, 'm').exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function countFileDescriptors(): number | undefined {
  try {
    // Less the one that reads the folder.
    return readdirSync(`${proc}/fd`).length - 1;
  } catch {
    return undefined;
  }
}

function readFileDescriptorsMax(): number | undefined {
  const limit = /^Max open files\s+([0-9]+|unlimited)/m.exec(readText(`${proc}/limits`))?.[1];
  return limit === undefined || limit === 'unlimited' ? undefined : Number(limit);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
