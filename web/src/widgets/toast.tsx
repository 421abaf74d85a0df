// A short word at the edge of the page, for what happened without showing otherwise.
import './toast.css';
import {useEffect, useSyncExternalStore, type ReactNode} from 'react';

const shownMs = 2000;

interface Toast {
  text: string;
  /** Tells two toasts with the same text apart. */
  id: number;
}

let current: Toast = {text: '', id: 0};
const listeners = new Set<() => void>();

function set(text: string): void {
  current = {text, id: current.id + 1};
  for (const listener of listeners) listener();
}

export const showToast = set;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Stands once on the page; also read out by screen readers. */
export function Toaster(): ReactNode {
  const toast = useSyncExternalStore(subscribe, () => current);
  useEffect(() => {
    if (toast.text === '') return undefined;
    const timer = setTimeout(() => set(''), shownMs);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <div className="nx-toast" role="status" data-shown={toast.text !== '' || undefined}>
      {toast.text}
    </div>
  );
}
