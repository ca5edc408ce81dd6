def pytest_x():
    pass


import dash
from dash import html


def test_x(dash_duo):
    """x"""
    app = dash.Dash(__name__)
    app.layout = html.Div("hi", id="a")
    dash_duo.start_server(app)
    dash_duo.wait_for_text_to_equal("#a", "hi")
