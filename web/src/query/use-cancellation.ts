// Whether a panel's query is running, and how to stop it. Its requests' keys begin with ['panel', number].
import {useIsFetching, useQueryClient} from '@tanstack/react-query';
import {useEffect, useState} from 'react';

/** Shorter queries do not turn the run button into a cancel button: it would only flicker. */
const noticedMs = 250;

export function useCancellation(panel: number): {running: boolean; cancel: () => void} {
  const client = useQueryClient();
  const queryKey = ['panel', panel];
  const fetching = useIsFetching({queryKey}) > 0;
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(fetching), fetching ? noticedMs : 0);
    return () => clearTimeout(timer);
  }, [fetching]);
  return {running: fetching && long, cancel: () => void client.cancelQueries({queryKey})};
}
