import type {KeyboardEvent} from 'react';

/** Whether Enter was pressed to say "do it": in an input method's menu it only accepts a word. */
export function isEnter(event: KeyboardEvent): boolean {
  return event.key === 'Enter' && !event.nativeEvent.isComposing;
}
