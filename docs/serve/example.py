"""Reads a project's tables in a notebook.

    pip install adbc_driver_flightsql pyarrow        # and pandas or polars
    export KORABO_TOKEN=…                            # from `korabo serve token NAME`
"""

import os

import adbc_driver_flightsql.dbapi as flightsql
from adbc_driver_flightsql import DatabaseOptions

address = os.environ.get("KORABO_ADDRESS", "grpc://127.0.0.1:50051")
options = {
    DatabaseOptions.AUTHORIZATION_HEADER.value: "Bearer " + os.environ["KORABO_TOKEN"],
}

# Another machine is reached encrypted (grpc+tls://…). The certificate of your own authority, if it has one:
if authority := os.environ.get("KORABO_AUTHORITY"):
    with open(authority, encoding="utf-8") as file:
        options[DatabaseOptions.TLS_ROOT_CERTS.value] = file.read()

with flightsql.connect(address, db_kwargs=options, autocommit=True) as connection:
    with connection.cursor() as cursor:
        # An Arrow table; `fetch_df()` gives pandas, `fetch_polars()` polars.
        cursor.execute(
            "SELECT indicator, estimate, std_error, status FROM effect_summary "
            "WHERE estimator = ? ORDER BY field, indicator, population LIMIT 5",
            ("callaway_santanna",),
        )
        print(cursor.fetch_arrow_table().to_pylist())

        # Batch by batch, however many rows there are.
        cursor.execute("SELECT fiscal_year, exercise_habit FROM panel_person_year")
        print(sum(batch.num_rows for batch in cursor.fetch_record_batch()))
