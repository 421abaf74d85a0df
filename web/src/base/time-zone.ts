import {timeZones} from '../format/time.ts';
import {oneOf, Preference} from './preference.ts';

/** The zone in which all times of the UI are written and read. */
export const timeZone = new Preference('timezone', 'local', oneOf(timeZones));
