export const userAgent = 'Prometheus/3.5.0 (compatible; Narthex/0.1.0)';
