create or replace table segments.sales_methods (
    run_id integer not null,
    method varchar not null,
    mase double,
    bias double,
    coverage_80 double not null,
    coverage_95 double not null,
    is_chosen boolean not null,
    is_benchmark boolean not null
);

comment on table segments.sales_methods is 'The methods of forecasting that were tried on all sales in the newest run: from several past times, by what was known then, each for as many periods as are forecast now. Grain: one row per method.';
comment on column segments.sales_methods.run_id is 'Number of the refresh.';
comment on column segments.sales_methods.method is 'exponential smoothing (ETS with or without a damped trend, by AICc); year on year: the year before, times a smoothed change against it; seasonal naive; naive.';
comment on column segments.sales_methods.mase is 'Mean absolute scaled error (Hyndman & Koehler 2006): 1 is the mean error of the naive method (with a year known, the seasonal one) on what was known; null where that never errs.';
comment on column segments.sales_methods.bias is 'By how much too little was forecast, as a share of what came.';
comment on column segments.sales_methods.coverage_80 is 'Share of what came that lay within the 80 % interval, 0 to 1.';
comment on column segments.sales_methods.coverage_95 is 'Share that lay within the 95 % interval.';
comment on column segments.sales_methods.is_chosen is 'True for the method of the forecasts.';
comment on column segments.sales_methods.is_benchmark is 'True for the one that it is held against.';
