import type {HttpServer} from '../http/server.ts';
import type {FamilyList} from './families.ts';

/** What both programs tell of their requests, under names that begin with `prefix`. */
export function addHttpHistograms(
  list: FamilyList,
  prefix: string,
  handlers: ReturnType<HttpServer['statistics']>,
): void {
  list.histogram(
    {name: `${prefix}_http_request_duration_seconds`, help: 'Time until the answer was ready to be sent.'},
    handlers,
    ({handler, durations}) => ({labels: {handler}, counts: durations}),
  );
  list.histogram(
    {name: `${prefix}_http_response_size_bytes`, help: 'Size of answers as they were sent.'},
    handlers,
    ({handler, sizes}) => ({labels: {handler}, counts: sizes}),
  );
}
